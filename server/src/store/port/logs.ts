import type { LogRecord, LogsDropped } from '../../model/log-record.ts';
import type { Attributes } from '../../model/otlp.ts';
import type { UnixNanos } from '../../model/time.ts';

/** Commits log records that are shown beside the spans of their trace. They are no evidence. */
export interface LogWriter {
  /** Encodes log records, and counts of those that were not kept, in the store's own form. */
  prepareLogs: (records: readonly LogRecord[], dropped: readonly LogsDropped[]) => PreparedLogs;
  /** Commits rows that `prepareLogs` of this store returned. */
  insertLogs: (prepared: readonly PreparedLogs[]) => Promise<void>;
}

export interface LogReader {
  /**
   * Returns a page of the log records of a flow, oldest first. Records are read by the traces of
   * the flow's spans, so that those are found that arrived before their spans. A record is of the
   * flow if its span is, or if its span is unknown or not named.
   */
  logsOf: (flowId: string, search: LogSearch) => Promise<LogPage>;
}

/** Rows that are ready for the commit. Only the store that made this object can read it. */
export interface PreparedLogs {
  readonly count: number;
}

export interface LogSearch {
  /** Least severity number; 0 for all. */
  severity: number;
  /** Absent for all services. */
  service?: string;
  /** Text in the body or the attributes, in any case; '' for all. */
  text: string;
  /** Spans whose records are wanted; absent for all spans. */
  spans?: readonly string[];
  after?: LogPosition;
  limit: number;
}

/** Where a page ends: at the record with this time and id. */
export interface LogPosition {
  time: UnixNanos;
  id: string;
}

export interface LogPage {
  items: StoredLog[];
  /** Counts the records on all pages together. */
  total: number;
  /** Position where the next page begins; null if this is the last page. */
  next: LogPosition | null;
  /** Counts the flow's records by severity number, whatever is searched for. */
  severities: ReadonlyMap<number, number>;
  /** Counts the flow's records by service, whatever is searched for. */
  services: ReadonlyMap<string, number>;
  /** Counts the records of the flow's traces that were not kept. */
  dropped: { records: number; errors: number };
  /**
   * True if the flow has more records than are listed, of which errors come first, or if some
   * could not be read now.
   */
  truncated: boolean;
}

/** A log record as it was received, except for what was cut or removed. */
export interface StoredLog extends Omit<LogRecord, 'service' | 'attributes' | 'resource'> {
  service: string;
  attributes: Attributes;
  resource: Attributes;
}
