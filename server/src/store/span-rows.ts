import { attributesFromJson } from '../model/attribute-json.ts';
import type { OtlpEvent, OtlpLink } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { unixNanos } from '../model/time.ts';
import type { StoredSpan } from './port.ts';

/** Columns of `spans` in the order in which `spanRows` writes them. */
export const SPAN_COLUMNS = [
  'batch',
  'received_ms',
  'trace_id',
  'span_id',
  'parent_id',
  'event_name',
  'kind',
  'flags',
  'name',
  'service',
  'environment',
  'role',
  'start_ns',
  'end_ns',
  'status_code',
  'status_message',
  'trace_state',
  'scope',
  'message_system',
  'destination',
  'attributes',
  'resource',
  'events',
  'links',
] as const;

const SPECIAL = /[\\\t\n\r\0]/;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' };
const tsv = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[\\\t\n\r\0]/g, (c) => ESCAPES[c]!) : text;

/**
 * Records as tab-separated rows: the cheapest text for both sides. The raw times are stored, not the repaired ones.
 */
export function spanRows(batch: number, records: readonly EvidenceRecord[]): Buffer {
  let text = '';
  for (const { span, raw } of records) {
    text += `${batch}\t${span.receivedAtMs}\t${span.traceId}\t${span.spanId}\t${span.parentId}\t${raw.eventName}\t${raw.kind & 255}\t${raw.flags}\t${tsv(span.name)}\t${tsv(span.service.name)}\t${tsv(span.service.environment)}\t${span.role}\t${raw.start}\t${raw.end}\t${raw.statusCode & 255}\t${tsv(raw.statusMessage)}\t${tsv(raw.traceState)}\t${tsv(raw.scope)}\t${span.message === null ? '\t' : `${tsv(span.message.system)}\t${tsv(span.message.destination)}`}\t${tsv(raw.attributes)}\t${tsv(raw.resource)}\t${tsv(raw.events)}\t${tsv(raw.links)}\n`;
  }
  return Buffer.from(text);
}

export interface SpanRow {
  received_ms: string;
  trace_id: string;
  span_id: string;
  parent_id: string;
  event_name: string;
  kind: number;
  flags: number;
  name: string;
  start_ns: string;
  end_ns: string;
  status_code: number;
  status_message: string;
  trace_state: string;
  scope: string;
  attributes: string;
  resource: string;
  events: string;
  links: string;
}

/** What `fromSpanRow` needs. */
export const SPAN_FIELDS =
  'received_ms, trace_id, span_id, parent_id, event_name, kind, flags, name, start_ns, end_ns, status_code, status_message, trace_state, scope, attributes, resource, events, links';

export function fromSpanRow(row: SpanRow): StoredSpan {
  const resource = { attributes: attributesFromJson(row.resource) };
  const attributes = attributesFromJson(row.attributes);
  const stored = { receivedAtMs: Number(row.received_ms), traceId: row.trace_id, spanId: row.span_id };
  if (row.event_name !== '')
    return {
      ...stored,
      log: {
        resource,
        scopeName: row.scope,
        traceId: row.trace_id,
        spanId: row.parent_id,
        time: unixNanos(BigInt(row.start_ns)),
        observed: unixNanos(BigInt(row.start_ns)),
        eventName: row.event_name,
        severity: 0,
        body: row.status_message === '' ? null : row.status_message,
        attributes,
      },
    };
  return {
    ...stored,
    span: {
      resource,
      scopeName: row.scope,
      traceId: row.trace_id,
      spanId: row.span_id,
      parentSpanId: row.parent_id,
      traceState: row.trace_state,
      flags: row.flags,
      name: row.name,
      kind: row.kind,
      start: unixNanos(BigInt(row.start_ns)),
      end: unixNanos(BigInt(row.end_ns)),
      attributes,
      events: (parse(row.events) as { timeUnixNano: string; name: string; attributes: object }[]).map(
        (event): OtlpEvent => ({
          time: unixNanos(BigInt(event.timeUnixNano)),
          name: event.name,
          attributes: attributesFromJson(JSON.stringify(event.attributes)),
        }),
      ),
      links: (parse(row.links) as { traceId: string; spanId: string; attributes?: object }[]).map(
        (link): OtlpLink => ({
          traceId: link.traceId,
          spanId: link.spanId,
          attributes: link.attributes ? attributesFromJson(JSON.stringify(link.attributes)) : [],
        }),
      ),
      statusCode: row.status_code,
      statusMessage: row.status_message,
    },
  };
}

const parse = (text: string): unknown[] => (text === '' ? [] : (JSON.parse(text) as unknown[]));
