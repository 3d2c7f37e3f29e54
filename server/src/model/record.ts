import type { Span } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * A record on its way to the store. `span` contains the fields that correlation needs, and `raw`
 * the whole record as text.
 */
export interface EvidenceRecord {
  span: Span;
  raw: RawColumns;
  /**
   * Number of names in the record that exceeded `LIMITS.name` (`normalize/attributes.ts`); absent
   * if none.
   */
  namesCut?: number;
}

export interface RawColumns {
  /** Name of the log event; '' for a span. */
  eventName: string;
  /** Name of the span as received, of any length; '' for a log event. */
  name: string;
  /** Start as received. Likewise `end`. The times in the record's `span` may have been repaired. */
  start: UnixNanos;
  end: UnixNanos;
  kind: number;
  flags: number;
  statusCode: number;
  statusMessage: string;
  traceState: string;
  scope: string;
  /** JSON text of the attributes in pieces, which are concatenated without a separator. */
  attributes: readonly string[];
  resource: string;
  events: string;
  links: string;
  /** Number of dropped links, like `OtlpSpan.droppedLinks`. */
  droppedLinks?: number;
  /**
   * Rarely present fields as JSON; '' if there are none. `StoredMore` in `store/rows/span.ts` lists
   * them.
   */
  more: string;
}
