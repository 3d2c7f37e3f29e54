import type { Span } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Holds one record on its way to the store: `span` is the part that correlation needs, `raw` holds
 * the whole record as text.
 */
export interface EvidenceRecord {
  span: Span;
  raw: RawColumns;
  /**
   * Counts names in the record that were longer than `LIMITS.name` (`normalize/attributes.ts`);
   * absent if there were none.
   */
  namesCut?: number;
}

export interface RawColumns {
  /** Holds the name of the log event, or '' for a span. */
  eventName: string;
  /** Holds the name of the span as received, of any length; '' for a log event. */
  name: string;
  /**
   * Holds the start as received; `end` is the end as received. The times in the record's `span` may
   * have been repaired.
   */
  start: UnixNanos;
  end: UnixNanos;
  kind: number;
  flags: number;
  statusCode: number;
  statusMessage: string;
  traceState: string;
  scope: string;
  /** Holds the JSON text in pieces, which are to be joined without a separator. */
  attributes: readonly string[];
  resource: string;
  events: string;
  links: string;
  /** Counts the links that were left out, like `OtlpSpan.droppedLinks`. */
  droppedLinks?: number;
  /**
   * Holds what is kept beside the columns above, as JSON; '' if there is nothing. `StoredMore` in
   * `store/rows/span.ts` tells its fields.
   */
  more: string;
}
