import { otlpAttributes, otlpTraces, otlpValue } from '../../model/otlp-writer.ts';
import { emptyExport, type OtlpExport, type OtlpLog, type OtlpResource } from '../../model/otlp.ts';
import type { FlowSource, Item, ReadOptions } from '../format.ts';
import { jsonItems } from '../input/json-items.ts';

/** Reads OTLP requests in JSON from a list, or one per line, as file exporters write them. */
export async function* readOtlp(
  chunks: AsyncIterable<Uint8Array>,
  { decode }: ReadOptions,
): AsyncIterable<Item> {
  for await (const { json, end, isWhole } of jsonItems(chunks, ['', '[]'])) {
    const request = decode(json);
    const { rejected: count, rejectedReason: why } = request;
    if (count > 0) yield { kind: 'skipped', what: 'records of a request', why, count };
    yield { kind: 'spans', request, ...(isWhole && { end }) };
  }
}

/**
 * Writes OTLP requests in JSON, one per line: for each flow one with its spans and one with its log
 * events.
 */
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
  if (spans.length > 0) yield `${JSON.stringify(otlpTraces(spans))}\n`;
  if (logs.length > 0)
    yield `${JSON.stringify({
      resourceLogs: grouped(logs).map(([resource, scopes]) => ({
        resource: { attributes: otlpAttributes(resource.attributes) },
        scopeLogs: scopes.map(([name, some]) => ({ scope: { name }, logRecords: some.map(logOf) })),
      })),
    })}\n`;
}

type Grouped = [OtlpResource, [scope: string, records: OtlpLog[]][]][];
function grouped(records: readonly OtlpLog[]): Grouped {
  const groups = new Map<string, { resource: OtlpResource; scopes: Map<string, OtlpLog[]> }>();
  for (const record of records) {
    const { resource, scopeName } = record;
    const key = JSON.stringify(otlpAttributes(resource.attributes));
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { resource, scopes: new Map() }));
    const scope = group.scopes.get(scopeName);
    if (scope === undefined) group.scopes.set(scopeName, [record]);
    else scope.push(record);
  }
  return [...groups.values()].map(({ resource, scopes }) => [resource, [...scopes]]);
}

const logOf = (log: OtlpLog): object => ({
  ...{ timeUnixNano: String(log.time), observedTimeUnixNano: String(log.observed) },
  ...{ eventName: log.eventName, traceId: log.traceId, spanId: log.spanId },
  ...(log.body !== null && { body: otlpValue(log.body) }),
  attributes: otlpAttributes(log.attributes),
});
