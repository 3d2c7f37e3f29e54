import { emptyExport, KeyValues, type Attributes, type AttributeValue } from '../../model/otlp.ts';
import type { OtlpExport, OtlpLog, OtlpResource, OtlpSpan } from '../../model/otlp.ts';
import type { FlowSource, Item, ReadOptions } from '../format.ts';
import { jsonItems } from '../input/json-items.ts';

/** Reads requests of OTLP in JSON: one a line, as exporters of files write them, or in a list. */
export async function* readOtlp(
  chunks: AsyncIterable<Uint8Array>,
  { decode }: ReadOptions,
): AsyncIterable<Item> {
  for await (const { json, end, isWhole } of jsonItems(chunks, ['', '[]'])) {
    const request = decode(json);
    if (request.rejected > 0)
      yield { kind: 'skipped', what: `${request.rejected} records`, why: request.rejectedReason };
    yield { kind: 'spans', request, ...(isWhole && { end }) };
  }
}

/** Writes requests of OTLP in JSON, one a line: one for the spans of a flow, one for its events. */
export async function* writeOtlp(source: FlowSource): AsyncIterable<string> {
  for await (const flow of source.flows()) {
    const request = emptyExport();
    for (const { span, log } of await source.spansOf(flow)) {
      if (span) request.spans.push(span);
      else if (log) request.logs.push(log);
    }
    yield* linesOf(request);
  }
}

export function* linesOf({ spans, logs }: Pick<OtlpExport, 'spans' | 'logs'>): Iterable<string> {
  if (spans.length > 0)
    yield `${JSON.stringify({
      resourceSpans: grouped(spans).map(([resource, scopes]) => ({
        resource: { attributes: attributesOf(resource.attributes) },
        scopeSpans: scopes.map(([name, some]) => ({ scope: { name }, spans: some.map(spanOf) })),
      })),
    })}\n`;
  if (logs.length > 0)
    yield `${JSON.stringify({
      resourceLogs: grouped(logs).map(([resource, scopes]) => ({
        resource: { attributes: attributesOf(resource.attributes) },
        scopeLogs: scopes.map(([name, some]) => ({ scope: { name }, logRecords: some.map(logOf) })),
      })),
    })}\n`;
}

type Grouped<T> = [OtlpResource, [scope: string, records: T[]][]][];
function grouped<T extends { resource: OtlpResource; scopeName: string }>(
  records: readonly T[],
): Grouped<T> {
  const groups = new Map<string, { resource: OtlpResource; scopes: Map<string, T[]> }>();
  for (const record of records) {
    const { resource, scopeName } = record;
    const key = JSON.stringify(attributesOf(resource.attributes));
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { resource, scopes: new Map() }));
    group.scopes.set(scopeName, [...(group.scopes.get(scopeName) ?? []), record]);
  }
  return [...groups.values()].map(({ resource, scopes }) => [resource, [...scopes]]);
}

const spanOf = (span: OtlpSpan): object => ({
  ...{ traceId: span.traceId, spanId: span.spanId },
  ...(span.parentSpanId !== '' && { parentSpanId: span.parentSpanId }),
  ...(span.traceState !== '' && { traceState: span.traceState }),
  ...(span.flags !== 0 && { flags: span.flags }),
  ...{ name: span.name, kind: span.kind },
  ...{ startTimeUnixNano: String(span.start), endTimeUnixNano: String(span.end) },
  attributes: attributesOf(span.attributes),
  ...(span.events.length > 0 && {
    events: span.events.map(({ time, name, attributes }) => ({
      ...{ timeUnixNano: String(time), name, attributes: attributesOf(attributes) },
    })),
  }),
  ...(span.links.length > 0 && {
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      ...{ traceId, spanId, attributes: attributesOf(attributes) },
    })),
  }),
  ...(span.droppedLinks !== undefined && { droppedLinksCount: span.droppedLinks }),
  ...((span.statusCode !== 0 || span.statusMessage !== '') && {
    status: { code: span.statusCode, message: span.statusMessage },
  }),
});

const logOf = (log: OtlpLog): object => ({
  ...{ timeUnixNano: String(log.time), observedTimeUnixNano: String(log.observed) },
  ...{ eventName: log.eventName, traceId: log.traceId, spanId: log.spanId },
  ...(log.body !== null && { body: valueOf(log.body) }),
  attributes: attributesOf(log.attributes),
});

function attributesOf(flat: Attributes): object[] {
  const list: object[] = [];
  for (let i = 0; i < flat.length; i += 2)
    list.push({ key: flat[i], value: valueOf(flat[i + 1] as AttributeValue) });
  return list;
}

function valueOf(value: AttributeValue): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: doubleOf(value) };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (value instanceof KeyValues) return { kvlistValue: { values: attributesOf(value.list) } };
  return { arrayValue: { values: value.map(valueOf) } };
}
/** JSON has no number for these. */
const doubleOf = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value);
