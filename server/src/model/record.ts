import type { Span } from './span.ts';
import type { UnixNanos } from './time.ts';

/** One record on its way to the store: the digest that correlates, and the raw rest as text. */
export interface EvidenceRecord {
  span: Span;
  raw: RawColumns;
  /**
   * So many of its names were longer than names may be (`normalize/attributes.ts`). Absent: none.
   */
  namesCut?: number;
}

export interface RawColumns {
  /** Of a log event; '' for a span. */
  eventName: string;
  /** Of a span as it was sent, whatever its length; '' for a log event. */
  name: string;
  /** As received; the span's own times may have been repaired. */
  start: UnixNanos;
  end: UnixNanos;
  kind: number;
  flags: number;
  statusCode: number;
  statusMessage: string;
  traceState: string;
  scope: string;
  /** Parts of one text. */
  attributes: readonly string[];
  resource: string;
  events: string;
  links: string;
  /** As `OtlpSpan.droppedLinks`. */
  droppedLinks?: number;
}
