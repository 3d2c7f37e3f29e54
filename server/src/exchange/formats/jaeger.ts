import { boundName } from '../../model/cut-text.ts';
import type { AttributeValue } from '../../model/otlp.ts';
import type { ForeignSpan } from '../foreign.ts';
import { kindOf } from '../foreign.ts';
import type { Item } from '../format.ts';
import { jsonItems, parseItem, wholeEnd } from '../input/json-items.ts';
import { itemsOf, tried } from '../items.ts';

/** A trace as Jaeger's page and its API at /api/traces write it. Times are in µs since 1970. */
interface JaegerTrace {
  traceID?: string;
  spans?: (JaegerSpan | null)[];
  processes?: Record<string, { serviceName?: string; tags?: Tag[] }>;
}
interface JaegerSpan {
  traceID?: string;
  spanID?: string;
  /** Id of the parent in old versions of Jaeger. */
  parentSpanID?: string;
  operationName?: string;
  processID?: string;
  process?: { serviceName?: string; tags?: Tag[] };
  startTime?: number | string;
  duration?: number | string;
  references?: { refType?: string; traceID?: string; spanID?: string }[];
  tags?: Tag[];
  logs?: { timestamp?: number | string; fields?: Tag[] }[];
}
interface Tag {
  key?: string;
  value?: unknown;
}

/** Reads traces of Jaeger from answers of its API, or from a list of traces. */
export async function* readJaeger(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  for await (const item of jsonItems(chunks, ['.data[]', '[]'])) {
    yield* tried(`byte ${item.end}`, () => itemsOfTrace(parseItem(item), wholeEnd(item)));
  }
}

/**
 * Converts a trace to items in one pass, because a trace may have as many spans as fit into a file.
 */
export function* itemsOfTrace(whole: JaegerTrace, end?: number): Iterable<Item> {
  // The id is hashed for each span that has none of its own, and names are compared for each.
  const trace = { ...whole, traceID: boundName(whole.traceID ?? '') };
  for (const process of Object.values(trace.processes ?? {}))
    if (typeof process?.serviceName === 'string')
      process.serviceName = boundName(process.serviceName);
  const spans = trace.spans ?? [];
  if (spans.length === 0) yield { kind: 'skipped', what: 'a trace', why: 'it has no spans' };
  const right: JaegerSpan[] = [];
  for (const [i, span] of spans.entries())
    if (typeof span?.spanID === 'string' && span.spanID !== '' && span.startTime !== undefined)
      right.push(span);
    else {
      const why = 'it has no spanID or no startTime';
      yield { kind: 'skipped', what: `span ${i + 1} of a trace`, why };
    }
  const processes = new Map(right.map((span) => [span.spanID!, processOf(span, trace)]));
  /** Converted resources by process, because all spans of a process have the same. */
  const resources = new Map<Process, Resource>();
  const resourceOf = (process: Process): Resource => {
    let known = resources.get(process);
    if (known === undefined) resources.set(process, (known = valuesOf(process?.tags)));
    return known;
  };
  yield* itemsOf(right, (span) => spanOf(span, trace, processes, resourceOf), end);
}

const micros = (value: number | string | undefined): bigint => {
  const number = Math.round(Number(value ?? 0));
  return Number.isSafeInteger(number) && number > 0 ? BigInt(number) * 1000n : 0n;
};
const isFailed = (value: AttributeValue | undefined): boolean =>
  value !== undefined && value !== false && value !== 'false';
const textOf = (value: AttributeValue | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

type Process = JaegerSpan['process'];
type Resource = Record<string, AttributeValue>;
const processOf = ({ process, processID = '' }: JaegerSpan, { processes }: JaegerTrace): Process =>
  process ?? (Object.hasOwn(processes ?? {}, processID) ? processes?.[processID] : undefined);

function spanOf(
  span: JaegerSpan,
  trace: JaegerTrace,
  processes: ReadonlyMap<string, Process>,
  resourceOf: (process: Process) => Resource,
): ForeignSpan {
  const traceId = span.traceID ?? trace.traceID ?? '';
  const tags = valuesOf(span.tags);
  const process = processOf(span, trace);
  const references = span.references ?? [];
  const isParent = (one: (typeof references)[number]): boolean =>
    one.refType !== 'FOLLOWS_FROM' && (one.traceID ?? traceId) === traceId;
  const parent = references.find(isParent);
  const start = micros(span.startTime);
  const message = tags['otel.status_description'] ?? tags['error'];
  const above = parent?.spanID ?? span.parentSpanID;
  // A span without a kind counts as called if its parent belongs to another service.
  const isCalled = processes.get(above ?? '')?.serviceName !== process?.serviceName;
  const failed = isFailed(tags['error']) || tags['otel.status_code'] === 'ERROR';
  return {
    ...{ trace: traceId, id: span.spanID!, start, end: start + micros(span.duration) },
    parent: above === '' ? undefined : above,
    links: references
      .filter((one) => one !== parent && one.spanID !== undefined)
      .map(({ traceID, spanID }) => ({ trace: traceID, id: spanID! })),
    name: span.operationName || 'unknown',
    service: process?.serviceName || 'unknown',
    resource: resourceOf(process),
    kind: kindOf(tags['span.kind']) ?? (isCalled ? 'server' : 'internal'),
    ...(failed && { error: message === true || message === 'true' ? 'error' : textOf(message) }),
    attributes: tags,
    events: (span.logs ?? []).map(({ timestamp, fields }) => {
      const values = Object.entries(valuesOf(fields)).map(([name, value]) => [name, textOf(value)]);
      const { event = 'log', ...attributes } = Object.fromEntries(values) as Record<string, string>;
      return { at: micros(timestamp), name: event, attributes };
    }),
  };
}

const valuesOf = (tags: readonly Tag[] = []): Record<string, AttributeValue> =>
  Object.fromEntries(
    tags.flatMap(({ key, value }) =>
      key === undefined || value === null || value === undefined ? [] : [[key, plain(value)]],
    ),
  );
const plain = (value: unknown): AttributeValue =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value);
