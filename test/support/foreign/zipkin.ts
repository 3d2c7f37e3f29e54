import type { ForeignSpan, SpanKind } from './otlp.ts';

/** A span of Zipkin's second format, as far as it is converted. Times are in µs. */
export interface ZipkinSpan {
  traceId: string;
  id: string;
  parentId?: string;
  kind?: 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER';
  name: string;
  timestamp: number;
  duration: number;
  localEndpoint?: { serviceName?: string };
  remoteEndpoint?: { serviceName?: string };
  shared?: boolean;
  tags?: Record<string, string>;
}

/**
 * Converts spans of Zipkin. In Zipkin the two sides of a call may share an id, which OTLP does not
 * know: the server's side gets an id of its own and becomes the child of the client's. What names
 * that id as its parent stays below the side of its own service, else below the server's side.
 */
export function fromZipkin(spans: ZipkinSpan[]): ForeignSpan[] {
  const serviceOf = (span: ZipkinSpan): string => span.localEndpoint?.serviceName ?? 'unknown';
  const isShared = (span: ZipkinSpan): boolean =>
    span.kind === 'SERVER' && spans.some((one) => one.id === span.id && one.kind === 'CLIENT');
  const idOf = (span: ZipkinSpan): string => (isShared(span) ? `${span.id}s` : span.id);
  const parentOf = (span: ZipkinSpan): string | undefined => {
    if (isShared(span)) return span.id;
    const candidates = spans.filter((one) => one.id === span.parentId && one !== span);
    const own = candidates.find((one) => serviceOf(one) === serviceOf(span));
    const parent = own ?? candidates.find(isShared) ?? candidates[0];
    return parent === undefined ? span.parentId : idOf(parent);
  };
  return spans.map((span) => {
    const parent = parentOf(span);
    const start = BigInt(span.timestamp) * 1000n;
    const peer = span.remoteEndpoint?.serviceName;
    const queue = span.kind === 'PRODUCER' || span.kind === 'CONSUMER' ? peer : undefined;
    return {
      trace: span.traceId,
      id: idOf(span),
      ...(parent !== undefined && { parent }),
      name: span.name,
      service: serviceOf(span),
      kind: (span.kind?.toLowerCase() as SpanKind | undefined) ?? 'internal',
      start,
      end: start + BigInt(span.duration) * 1000n,
      attributes: {
        ...span.tags,
        ...(queue !== undefined && { 'messaging.system': queue }),
        ...(peer !== undefined && { 'peer.service': peer }),
      },
    };
  });
}
