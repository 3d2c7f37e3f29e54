import type { LogRecord, LogsDropped } from '../../model/log-record.ts';
import type { Attributes } from '../../model/otlp.ts';
import type { UnixNanos } from '../../model/time.ts';

/**
 * Commits log records, which are shown next to the spans of the same trace. No flow is derived from
 * them.
 */
export interface LogWriter {
  /**
   * Encodes log records, and the numbers of records that were dropped, in the form in which the
   * store inserts them.
   */
  prepareLogs: (records: readonly LogRecord[], dropped: readonly LogsDropped[]) => PreparedLogs;
  /** Commits rows that were encoded by `prepareLogs` of the same store. */
  insertLogs: (prepared: readonly PreparedLogs[]) => Promise<void>;
}

export interface LogReader {
  /**
   * Returns a page of a flow's log records, oldest first. The store looks for records by the traces
   * of the flow's spans, so that it also finds records that arrived before their spans. A record
   * belongs to the flow if its span does, or if its span is unknown or not given.
   */
  logsOf: (flowId: string, search: LogSearch) => Promise<LogPage>;
}

/** Rows that are ready for the commit. Only the store that created this object can insert it. */
export interface PreparedLogs {
  readonly count: number;
}

export interface LogSearch {
  /** Minimum severity number; 0 for all records. */
  severity: number;
  /** Only records of this service; undefined for records of all services. */
  service?: string;
  /** Text that the body or the attributes must contain, regardless of case; '' for all records. */
  text: string;
  /** Only records of these spans; undefined for records of all spans. */
  spans?: readonly string[];
  after?: LogPosition;
  limit: number;
}

/** Position between two pages: after the record with this time and id. */
export interface LogPosition {
  time: UnixNanos;
  id: string;
}

export interface LogPage {
  items: StoredLog[];
  /** Number of records on all pages together. */
  total: number;
  /** Position where the next page begins; null if this is the last page. */
  next: LogPosition | null;
  /**
   * Numbers of the flow's records by severity number. The search does not restrict these counts.
   */
  severities: ReadonlyMap<number, number>;
  /** Numbers of the flow's records by service. The search does not restrict these counts. */
  services: ReadonlyMap<string, number>;
  /** Numbers of records of the flow's traces that were dropped when they arrived. */
  dropped: { records: number; errors: number };
  /**
   * True if the list is incomplete: the flow has too many records or traces, or some records could
   * not be inserted into the table yet. A list that is cut contains errors before other records.
   */
  truncated: boolean;
}

/**
 * A stored log record. It equals the received record, apart from texts that were cut or removed.
 */
export interface StoredLog extends Omit<LogRecord, 'service' | 'attributes' | 'resource'> {
  service: string;
  attributes: Attributes;
  resource: Attributes;
}
