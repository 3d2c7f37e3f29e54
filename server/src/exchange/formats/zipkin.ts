import type { ForeignSpan } from '../foreign.ts';
import { kindOf } from '../foreign.ts';
import type { Item } from '../format.ts';
import { jsonItems, parseItem, wholeEnd } from '../input/json-items.ts';
import { FILE_LIMITS } from '../input/limits.ts';
import { itemsOf } from '../items.ts';
import { readAnnotation, readTags, tagText } from './zipkin-texts.ts';

/** A span in Zipkin's second format (https://zipkin.io/zipkin-api/). Times are in µs since 1970. */
interface ZipkinSpan {
  traceId?: string;
  id?: string;
  parentId?: string;
  kind?: string;
  name?: string;
  timestamp?: number | string;
  duration?: number | string;
  localEndpoint?: { serviceName?: string; ipv4?: string; ipv6?: string };
  remoteEndpoint?: { serviceName?: string };
  tags?: Record<string, unknown>;
  annotations?: { timestamp?: number | string; value?: string }[];
}
/** Maximum number of spans of one trace that are converted together. */
const MAX_SPANS = 50_000;

/**
 * Reads spans of Zipkin from a list of spans, a list of traces, or one per line. The spans of a
 * trace must follow each other.
 */
export async function* readZipkin(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  let trace: ZipkinSpan[] = [];
  let end: number | undefined;
  let bytes = 0;
  const finish = function* (): Iterable<Item> {
    if (trace.length > 0) yield* itemsOf(trace, createConverter(trace), end);
    [trace, bytes] = [[], 0];
  };
  try {
    for await (const item of jsonItems(chunks, ['', '[]', '[][]'])) {
      const span = parseItem<ZipkinSpan>(item);
      const problem = problemOf(span);
      if (problem !== '') {
        yield {
          kind: 'skipped',
          what: `span ${typeof span.id === 'string' ? span.id.slice(0, 40) : '?'}`,
          why: problem,
        };
        continue;
      }
      const isFull = trace.length >= MAX_SPANS || bytes >= FILE_LIMITS.item;
      if (trace[0]?.traceId !== span.traceId || isFull) yield* finish();
      trace.push(span);
      bytes += item.json.length;
      end = wholeEnd(item);
    }
  } finally {
    // Spans before an error are passed on like those of a file without errors.
    yield* finish();
  }
}

function problemOf({ traceId, id, timestamp }: ZipkinSpan): string {
  if (typeof traceId !== 'string' || typeof id !== 'string') return 'it has no traceId or no id';
  return timestamp === undefined ? 'it has no timestamp' : '';
}

const micros = (value: number | string | undefined): bigint => {
  const number = Math.round(Number(value ?? 0));
  return Number.isSafeInteger(number) && number > 0 ? BigInt(number) * 1000n : 0n;
};

/** Spans with the same id. Each list is in the order of the file. */
interface SameId {
  hasClient: boolean;
  all: ZipkinSpan[];
  servers: ZipkinSpan[];
  byService: Map<string, ZipkinSpan[]>;
}
function listIn(lists: Map<string, ZipkinSpan[]>, name: string): ZipkinSpan[] {
  let list = lists.get(name);
  if (list === undefined) lists.set(name, (list = []));
  return list;
}
/**
 * Returns the first of these spans that is not `span` itself, because a span with its own id as its
 * parent id is not its own parent.
 */
const firstBut = (span: ZipkinSpan, [first, second]: ZipkinSpan[] = []): ZipkinSpan | undefined =>
  first === span ? second : first;

/**
 * Returns a function that converts a span of this trace. In Zipkin the two sides of a call may
 * share an id, which OTLP does not allow. The server's span gets an id of its own and becomes a
 * child of the client's. A span with the shared id as its parent becomes a child of the span of its
 * own service or, if there is none, of the server's span.
 */
export function createConverter(spans: readonly ZipkinSpan[]): (span: ZipkinSpan) => ForeignSpan {
  const byId = new Map<string, SameId>();
  const serviceOf = (span: ZipkinSpan): string => span.localEndpoint?.serviceName || 'unknown';
  for (const span of spans) {
    let same = byId.get(span.id!);
    if (same === undefined)
      byId.set(span.id!, (same = { hasClient: false, all: [], servers: [], byService: new Map() }));
    same.all.push(span);
    const kind = span.kind;
    if (kind === 'CLIENT') same.hasClient = true;
    if (kind === 'SERVER') same.servers.push(span);
    listIn(same.byService, serviceOf(span)).push(span);
  }
  const isShared = (span: ZipkinSpan): boolean =>
    span.kind === 'SERVER' && byId.get(span.id!)?.hasClient === true;
  const idOf = (span: ZipkinSpan): string => (isShared(span) ? `${span.id} server` : span.id!);
  const parentOf = (span: ZipkinSpan): string | undefined => {
    if (isShared(span)) return span.id;
    const same = byId.get(span.parentId ?? '');
    if (same === undefined) return span.parentId;
    const parent =
      firstBut(span, same.byService.get(serviceOf(span))) ??
      (same.hasClient ? firstBut(span, same.servers) : undefined) ??
      firstBut(span, same.all);
    return parent === undefined ? span.parentId : idOf(parent);
  };
  return (span) => {
    const start = micros(span.timestamp);
    const peer = span.remoteEndpoint?.serviceName;
    const isMessage = span.kind === 'PRODUCER' || span.kind === 'CONSUMER';
    const { links, resource, tags } = readTags(span.tags);
    const error = span.tags?.['error'];
    return {
      ...{ trace: span.traceId!, id: idOf(span), parent: parentOf(span), start },
      ...{ name: span.name || 'unknown', service: serviceOf(span), kind: kindOf(span.kind) },
      ...{ end: start + micros(span.duration), links },
      resource: {
        ...(span.localEndpoint?.ipv4 && { 'host.name': span.localEndpoint.ipv4 }),
        ...Object.fromEntries(resource),
      },
      ...(error !== undefined && error !== 'false' && { error: tagText(error) }),
      attributes: {
        ...(isMessage && peer !== undefined && { 'messaging.system': peer }),
        ...(peer !== undefined && { 'peer.service': peer }),
        ...Object.fromEntries(tags),
      },
      events: (span.annotations ?? []).map(({ timestamp, value = '' }) => ({
        ...{ at: micros(timestamp), ...readAnnotation(value) },
      })),
    };
  };
}
