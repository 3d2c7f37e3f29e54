import type { ForeignSpan, SpanKind } from './otlp.ts';

/** What Jaeger's JSON says of a trace, as far as it is converted. */
export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string }>;
}
interface JaegerSpan {
  spanID: string;
  operationName: string;
  processID: string;
  /** In µs. */
  startTime: number;
  duration: number;
  references: { refType: 'CHILD_OF' | 'FOLLOWS_FROM'; spanID: string }[];
  tags?: { key: string; value: unknown }[];
}

/** Which service a span is of: that of its process, or one that is named after its operation. */
export type ServiceOf = 'process' | 'operation';

/**
 * The recordings begin at 0 or 1 µs, which no clock says. The last three digits tell Fermata that
 * the clock is finer than a µs: else starts that seem to be cut to whole ms would be taken so.
 */
const BEGIN = 1_700_000_000_000_000_001n;

/**
 * Returns the trace as a file of Jaeger's that is recent, because one of 1970 would leave at once.
 */
export function recentFile({ traceID, spans, processes }: JaegerTrace, by: ServiceOf): string {
  const begin = Number(BEGIN / 1000n);
  const ofOperations = spans.map(({ operationName }) => [
    operationName,
    { serviceName: operationName },
  ]);
  const trace = {
    ...{ traceID, processes: by === 'operation' ? Object.fromEntries(ofOperations) : processes },
    spans: spans.map((span) => ({
      ...span,
      startTime: begin + span.startTime,
      ...(by === 'operation' && { processID: span.operationName }),
    })),
  };
  return JSON.stringify({ data: [trace] });
}

export function fromJaeger(
  { traceID, spans, processes }: JaegerTrace,
  by: ServiceOf,
): ForeignSpan[] {
  return spans.map((span) => {
    const tag = (key: string): unknown => span.tags?.find((one) => one.key === key)?.value;
    const parent = span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
    const links = span.references.filter(({ refType }) => refType === 'FOLLOWS_FROM');
    const start = BEGIN + BigInt(span.startTime) * 1000n;
    const error = tag('error');
    return {
      trace: traceID,
      id: span.spanID,
      ...(parent !== undefined && { parent }),
      links: links.map(({ spanID }) => spanID),
      name: span.operationName,
      service: by === 'operation' ? span.operationName : processes[span.processID]!.serviceName,
      // None of these spans says its kind; a child in a service of its own was called.
      kind: (tag('span.kind') as SpanKind | undefined) ?? 'server',
      start,
      end: start + BigInt(span.duration) * 1000n,
      ...(error !== undefined && { error: typeof error === 'string' ? error : 'error' }),
    };
  });
}
