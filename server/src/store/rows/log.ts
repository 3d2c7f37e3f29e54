import type { Lease, Memory } from '../../base/memory.ts';
import { attributesFromJson } from '../../model/attribute-json.ts';
import type { LogRecord, LogsDropped } from '../../model/log-record.ts';
import { unixNanos } from '../../model/time.ts';
import type { StoredLog } from '../port/index.ts';
import type { RowBinary } from './row-binary.ts';

/** Columns of `logs`, in the order in which `logRows` writes them. */
export const LOG_COLUMNS = [
  'received_ms',
  'trace_id',
  'span_id',
  'id',
  'time_ns',
  'position',
  'severity',
  'service',
  'dropped',
  'dropped_errors',
  'body',
  'record',
] as const;

/** Encodes log records, and the numbers of records that were dropped, as rows in RowBinary. */
export function logRows(
  writer: RowBinary,
  records: readonly LogRecord[],
  dropped: readonly LogsDropped[],
  memory: Memory,
): Lease {
  for (const [position, record] of records.entries()) {
    writer.uint64(record.receivedAtMs);
    writer.string(record.traceId);
    writer.string(record.spanId);
    writer.string(record.id);
    writer.uint64(record.time);
    writer.uint32(position);
    writer.uint8(record.severity);
    writer.string(record.service.name);
    writer.uint64(0);
    writer.uint64(0);
    writer.string(record.body);
    writer.joined((put) => recordParts(record).forEach(put));
  }
  for (const one of dropped) {
    writer.uint64(one.receivedAtMs);
    writer.string(one.traceId);
    writer.string('');
    writer.string(one.id);
    writer.uint64(0);
    writer.uint32(0);
    writer.uint8(0);
    writer.string('');
    writer.uint64(one.records);
    writer.uint64(one.errors);
    writer.string('');
    writer.string('');
  }
  return writer.take(memory);
}

/**
 * Returns the text of the column `record` in parts. The text has three lines: a JSON array of the
 * small fields, then attributes and resource, each as JSON or empty.
 */
const recordParts = ({ eventName, scope, isCut, attributes, resource }: LogRecord): string[] => [
  JSON.stringify([eventName, scope, isCut ? 1 : 0] satisfies Small),
  '\n',
  attributes,
  '\n',
  resource,
];

type Small = [eventName: string, scope: string, isCut: 0 | 1];

export interface LogRow {
  received_ms: string;
  trace_id: string;
  span_id: string;
  id: string;
  time_ns: string;
  severity: number;
  service: string;
  body: string;
  record: string;
}

export function fromLogRow(row: LogRow): StoredLog {
  const [small, attributes = '', resource = ''] = row.record.split('\n');
  const [eventName, scope, isCut] = JSON.parse(small!) as Small;
  return {
    traceId: row.trace_id,
    spanId: row.span_id,
    id: row.id,
    time: unixNanos(BigInt(row.time_ns)),
    receivedAtMs: Number(row.received_ms),
    severity: row.severity,
    service: row.service,
    eventName,
    scope,
    body: row.body,
    attributes: attributesFromJson(attributes),
    resource: attributesFromJson(resource),
    isCut: isCut === 1,
  };
}
