import type { Lease, Memory } from '../../base/memory.ts';
import { pick } from '../../base/pick.ts';
import { attributesFromJson, isPlain } from '../../model/attribute-json.ts';
import type { OtlpEvent, OtlpLink, OtlpLog, OtlpScope, OtlpSpan } from '../../model/otlp.ts';
import type { EvidenceRecord } from '../../model/record.ts';
import { spanIdOf } from '../../model/span.ts';
import { unixNanos } from '../../model/time.ts';
import type { StoredSpan } from '../port/index.ts';
import type { RowBinary } from './row-binary.ts';

/** Columns of `records`, in the order in which `spanRows` writes them. */
export const SPAN_COLUMNS = [
  'batch',
  'received_ms',
  'trace_id',
  'span_id',
  'service',
  'environment',
  'version',
  'record',
] as const;

/**
 * Encodes records as rows in RowBinary. The rows hold the times of spans as received, not as
 * repaired. `writer` must be empty and is empty again afterwards.
 */
export function spanRows(
  writer: RowBinary,
  batch: number,
  records: readonly EvidenceRecord[],
  memory: Memory,
): Lease {
  for (const record of records) {
    const { span } = record;
    writer.uint64(batch);
    writer.uint64(span.receivedAtMs);
    writer.string(span.traceId);
    writer.string(spanIdOf(span.key));
    writer.string(span.service.name);
    writer.string(span.service.environment);
    writer.string(span.service.version);
    writer.joined((put) => giveRecord(record, put));
  }
  return writer.take(memory);
}

/**
 * Passes the text of the column `record` to `put` in parts. The text has five lines: a JSON array
 * of the small fields, then attributes, resource, events and links, each as JSON or empty. JSON has
 * no line breaks, so the lines can be split without parsing.
 */
function giveRecord({ span, raw }: EvidenceRecord, put: (part: string) => void): void {
  put('["');
  put(spanIdOf(span.parent));
  put('","');
  put(raw.eventName);
  put(`",${raw.kind & 255},${raw.flags},`);
  putText(put, raw.name);
  put(`,"${raw.start}","${raw.end}",${raw.statusCode & 255},`);
  putText(put, raw.statusMessage);
  put(',');
  putText(put, raw.traceState);
  put(',');
  putText(put, raw.scope);
  if (raw.droppedLinks !== undefined || raw.more !== '') put(`,${raw.droppedLinks ?? 0}`);
  if (raw.more !== '') {
    put(',');
    put(raw.more);
  }
  put(']\n');
  for (const part of raw.attributes) put(part);
  for (const line of [raw.resource, raw.events, raw.links]) {
    put('\n');
    put(line);
  }
}
function putText(put: (part: string) => void, text: string): void {
  if (!isPlain(text)) {
    put(JSON.stringify(text));
    return;
  }
  put('"');
  put(text);
  put('"');
}
export function recordText(record: EvidenceRecord): string {
  let text = '';
  giveRecord(record, (part) => (text += part));
  return text;
}

export interface SpanRow {
  received_ms: string;
  trace_id: string;
  span_id: string;
  record: string;
}

/** The fields in the first line of column `record`. */
type Small = [
  parentId: string,
  eventName: string,
  kind: number,
  flags: number,
  name: string,
  start: string,
  end: string,
  statusCode: number,
  statusMessage: string,
  traceState: string,
  scope: string,
  /** Number of links that were dropped; 0 or absent if none were. */
  droppedLinks?: number,
  more?: StoredMore,
];

/**
 * Rarely present fields of a span (`RawColumns.more`). A field is absent if the span does not have
 * it.
 */
interface StoredMore {
  scope?: { version?: string; schemaUrl?: string; dropped?: number; attributes?: object };
  resource?: { schemaUrl?: string; dropped?: number; doubles?: string[] };
  /** Names of span attributes whose values are doubles but look like integers in JSON. */
  doubles?: string[];
  droppedAttributes?: number;
  droppedEvents?: number;
  cut?: number;
}

type Lines = [small: string, attributes: string, resource: string, events: string, links: string];

export function fromSpanRow(row: SpanRow): StoredSpan {
  const lines = row.record.split('\n') as Lines;
  const small = JSON.parse(lines[0]) as Small;
  const stored = {
    receivedAtMs: Number(row.received_ms),
    traceId: row.trace_id,
    spanId: row.span_id,
  };
  const [, eventName] = small;
  return eventName === ''
    ? { ...stored, span: spanOf(row, small, lines) }
    : { ...stored, log: logOf(row, small, lines) };
}

function logOf(row: SpanRow, small: Small, lines: Lines): OtlpLog {
  const [parentId, eventName, , , , start, , , statusMessage, , scope] = small;
  return {
    resource: { attributes: attributesFromJson(lines[2]) },
    scopeName: scope,
    traceId: row.trace_id,
    spanId: parentId,
    time: unixNanos(BigInt(start)),
    observed: unixNanos(BigInt(start)),
    eventName,
    severity: 0,
    severityText: '',
    body: statusMessage === '' ? null : statusMessage,
    attributes: attributesFromJson(lines[1]),
  };
}

function spanOf(row: SpanRow, small: Small, lines: Lines): OtlpSpan {
  const [parentId, , kind, flags, name, start, end] = small;
  const [, , , , , , , statusCode, statusMessage, traceState, scope, droppedLinks = 0] = small;
  const more = small[12] ?? {};
  return {
    resource: {
      attributes: attributesFromJson(lines[2], more.resource?.doubles),
      ...pick(more.resource ?? {}, ['schemaUrl', 'dropped']),
    },
    scopeName: scope,
    ...(more.scope && { scope: scopeOf(more.scope) }),
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: parentId,
    traceState,
    flags,
    name,
    kind,
    start: unixNanos(BigInt(start)),
    end: unixNanos(BigInt(end)),
    attributes: attributesFromJson(lines[1], more.doubles),
    events: (parse(lines[3]) as StoredEvent[]).map((event): OtlpEvent => ({
      time: unixNanos(BigInt(event.timeUnixNano)),
      name: event.name,
      attributes: attributesFromJson(JSON.stringify(event.attributes)),
      ...pick(event, ['dropped']),
    })),
    links: (parse(lines[4]) as StoredLink[]).map((link): OtlpLink => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: link.attributes ? attributesFromJson(JSON.stringify(link.attributes)) : [],
      ...pick(link, ['traceState', 'flags', 'dropped']),
    })),
    ...(droppedLinks > 0 && { droppedLinks }),
    ...pick(more, ['droppedAttributes', 'droppedEvents', 'cut']),
    statusCode,
    statusMessage,
  };
}

const scopeOf = ({
  version = '',
  schemaUrl = '',
  dropped = 0,
  attributes = {},
}: NonNullable<StoredMore['scope']>): OtlpScope => ({
  ...{ version, schemaUrl, dropped },
  attributes: attributesFromJson(JSON.stringify(attributes)),
});

interface StoredEvent {
  timeUnixNano: string;
  name: string;
  attributes: object;
  dropped?: number;
}
interface StoredLink {
  traceId: string;
  spanId: string;
  attributes?: object;
  traceState?: string;
  flags?: number;
  dropped?: number;
}

const parse = (text: string): unknown[] => (text === '' ? [] : (JSON.parse(text) as unknown[]));
