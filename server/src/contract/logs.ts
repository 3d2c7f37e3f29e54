import type { Count, Instant, UnixNano } from './units.ts';
/** Describes the log records that are shown beside the steps of a flow. */

/** The levels of OTLP's severity numbers, the lowest first. */
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
  /** Identifies the record within its trace. */
  id: string;
  traceId: string;
  /** Names the span in which the record was written; '' if it names none. */
  spanId: string;
  timeUnixNano: UnixNano;
  receivedAt: Instant;
  /** Null: the record says none. */
  severity: LogSeverity | null;
  /** Holds OTLP's severity number; 0 if the record says none. */
  severityNumber: Count;
  service: string;
  eventName: string;
  scope: string;
  body: string;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  /** Is true if the body was cut to what is kept, or some attributes were left out. */
  isCut: boolean;
}

export interface FlowLogs {
  items: FlowLog[];
  nextCursor: string | null;
  /** Counts the records that match, on all pages together. */
  total: Count;
  /**
   * Counts the records of the flow at each level, whatever is searched for; `severity` is null for
   * records that say none.
   */
  severities: { severity: LogSeverity | null; records: Count }[];
  /** Counts the records of the flow by service, whatever is searched for. */
  services: { service: string; records: Count }[];
  /** Counts records of the flow's traces that were not kept, because the traces have too many. */
  dropped: { records: Count; errors: Count };
  /** Is true if the flow has more records than are listed. */
  incomplete: boolean;
  /** Which log records the server keeps: none, errors, or all. */
  kept: 'off' | 'errors' | 'all';
}
