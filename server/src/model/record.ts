import type { Span } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Holds one record on its way to the store: the digest that correlates, and the raw rest as text.
 */
export interface EvidenceRecord {
  span: Span;
  raw: RawColumns;
  /**
   * Counts its names that were longer than `LIMITS.name` (`normalize/attributes.ts`). Absent: none.
   */
  namesCut?: number;
}

export interface RawColumns {
  /** Names the log event; '' for a span. */
  eventName: string;
  /** Holds the span's name as it was sent, of any length; '' for a log event. */
  name: string;
  /** The times are as received; the span's own times may have been repaired. */
  start: UnixNanos;
  end: UnixNanos;
  kind: number;
  flags: number;
  statusCode: number;
  statusMessage: string;
  traceState: string;
  scope: string;
  /** The pieces make one text when joined. */
  attributes: readonly string[];
  resource: string;
  events: string;
  links: string;
  /** Counts the same as `OtlpSpan.droppedLinks`. */
  droppedLinks?: number;
}
