import { attributesFromJson } from '../model/attribute-json.ts';
import type { OtlpEvent, OtlpLink } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { unixNanos } from '../model/time.ts';
import type { StoredSpan } from './port.ts';

/** Columns of `records` in the order in which `spanRows` writes them. */
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

const SPECIAL = /[\\\t\n\r\0]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' };
const tsv = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[\\\t\n\r\0]/g, (c) => ESCAPES[c]!) : text;
const PLAIN = /^[^"\\\u0000-\u001f]*$/;
const json = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** Records as tab-separated rows: the cheapest text for both sides. The raw times are stored, not the repaired ones. */
export function spanRows(batch: number, records: readonly EvidenceRecord[]): Buffer {
  let text = '';
  for (const record of records) {
    const { span, raw } = record;
    const { name, environment, version } = span.service;
    text += `${batch}\t${span.receivedAtMs}\t${span.traceId}\t${span.spanId}\t${tsv(name)}\t${tsv(environment)}\t${tsv(version)}\t${tsv(smallOf(record))}\\n${tsv(raw.attributes)}\\n${tsv(raw.resource)}\\n${tsv(raw.events)}\\n${tsv(raw.links)}\n`;
  }
  return Buffer.from(text);
}

/**
 * The column `record`, five lines: a JSON array of the small fields, then attributes, resource, events and links as
 * JSON or nothing. JSON holds no line breaks, so that they are told apart without parsing.
 */
export const recordText = (record: EvidenceRecord): string => {
  const { attributes, resource, events, links } = record.raw;
  return [smallOf(record), attributes, resource, events, links].join('\n');
};
const smallOf = ({ span, raw }: EvidenceRecord): string =>
  `["${span.parentId}","${raw.eventName}",${raw.kind & 255},${raw.flags},${json(span.name)},"${raw.start}","${raw.end}",${raw.statusCode & 255},${json(raw.statusMessage)},${json(raw.traceState)},${json(raw.scope)}]`;

export interface SpanRow {
  received_ms: string;
  trace_id: string;
  span_id: string;
  record: string;
}

/** What `fromSpanRow` needs. */
export const SPAN_FIELDS = 'received_ms, trace_id, span_id, record';

/** The first line of `record`. */
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
];

export function fromSpanRow(row: SpanRow): StoredSpan {
  const lines = row.record.split('\n') as [string, string, string, string, string];
  const small = JSON.parse(lines[0]) as Small;
  const [parentId, eventName, kind, flags, name, start, end, statusCode, statusMessage, traceState, scope] =
    small;
  const attributes = attributesFromJson(lines[1]);
  const resource = { attributes: attributesFromJson(lines[2]) };
  const stored = { receivedAtMs: Number(row.received_ms), traceId: row.trace_id, spanId: row.span_id };
  if (eventName !== '')
    return {
      ...stored,
      log: {
        resource,
        scopeName: scope,
        traceId: row.trace_id,
        spanId: parentId,
        time: unixNanos(BigInt(start)),
        observed: unixNanos(BigInt(start)),
        eventName,
        severity: 0,
        body: statusMessage === '' ? null : statusMessage,
        attributes,
      },
    };
  return {
    ...stored,
    span: {
      resource,
      scopeName: scope,
      traceId: row.trace_id,
      spanId: row.span_id,
      parentSpanId: parentId,
      traceState,
      flags,
      name,
      kind,
      start: unixNanos(BigInt(start)),
      end: unixNanos(BigInt(end)),
      attributes,
      events: (parse(lines[3]) as { timeUnixNano: string; name: string; attributes: object }[]).map(
        (event): OtlpEvent => ({
          time: unixNanos(BigInt(event.timeUnixNano)),
          name: event.name,
          attributes: attributesFromJson(JSON.stringify(event.attributes)),
        }),
      ),
      links: (parse(lines[4]) as { traceId: string; spanId: string; attributes?: object }[]).map(
        (link): OtlpLink => ({
          traceId: link.traceId,
          spanId: link.spanId,
          attributes: link.attributes ? attributesFromJson(JSON.stringify(link.attributes)) : [],
        }),
      ),
      statusCode,
      statusMessage,
    },
  };
}

const parse = (text: string): unknown[] => (text === '' ? [] : (JSON.parse(text) as unknown[]));
