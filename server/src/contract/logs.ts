import type { Count, Instant, UnixNano } from './units.ts';
/** This file describes the log records that are shown beside the steps of a flow. */

/** Levels of OTLP's severity numbers. */
export type LogSeverity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export const LOG_SEVERITIES: readonly LogSeverity[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
];

export interface FlowLog {
  /** Id of the record, which is unique within its trace. */
  id: string;
  traceId: string;
  /** Id of the span in which the record was written; '' if the record names none. */
  spanId: string;
  timeUnixNano: UnixNano;
  receivedAt: Instant;
  /** Level of the record; null if the record states none. */
  severity: LogSeverity | null;
  /** OTLP's severity number; 0 if the record states none. */
  severityNumber: Count;
  service: string;
  eventName: string;
  scope: string;
  body: string;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  /** True if the body was cut, or if some attributes were left out. */
  isCut: boolean;
}

export interface FlowLogs {
  items: FlowLog[];
  nextCursor: string | null;
  /** Number of records that match, on all pages together. */
  total: Count;
  /**
   * Number of records of the flow at each level, whatever is searched for. `severity` is null for
   * records that state none.
   */
  severities: { severity: LogSeverity | null; records: Count }[];
  /** Number of records of the flow by service, whatever is searched for. */
  services: { service: string; records: Count }[];
  /**
   * Number of records of the flow's traces that were not kept, because the traces have too many.
   */
  dropped: { records: Count; errors: Count };
  /** True if the flow has more records than are listed. */
  incomplete: boolean;
  /** Which log records the server keeps: none, errors, or all. */
  kept: 'off' | 'errors' | 'all';
}
