import type { Span } from './span.ts';
import type { UnixNanos } from './time.ts';

/** One record on its way to the store: the digest that correlates, and the raw rest as text. */
export interface EvidenceRecord {
  span: Span;
  raw: RawColumns;
  /**
   * Counts its names that were longer than `LIMITS.name` (`normalize/attributes.ts`). Absent: none.
   */
  namesCut?: number;
}

export interface RawColumns {
  /** The event name of a log event; '' for a span. */
  eventName: string;
  /** The span's name as it was sent, of any length; '' for a log event. */
  name: string;
  /** Times as received; the span's own times may have been repaired. */
  start: UnixNanos;
  end: UnixNanos;
  kind: number;
  flags: number;
  statusCode: number;
  statusMessage: string;
  traceState: string;
  scope: string;
  /** Pieces that make one text when joined. */
  attributes: readonly string[];
  resource: string;
  events: string;
  links: string;
  /** The same as `OtlpSpan.droppedLinks`. */
  droppedLinks?: number;
}
