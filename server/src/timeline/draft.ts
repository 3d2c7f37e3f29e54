import type { Span } from '../model/span.ts';
import type { InputSegment } from '../model/flow-input.ts';
import type { UnixNanos } from '../model/time.ts';

/** A draft is a unit of work that becomes an attempt of a step. */
export interface Draft {
  head: Span;
  segment: InputSegment;
  spans: Span[];
  shift: bigint;
  /** The call that began this unit; null if none did. */
  calledBy: Call | null;
}

/** A synchronous call of one unit of work by another. */
export interface Call {
  /** The span that called, and the draft to which it belongs. */
  client: Span;
  from: Draft;
  /** When the caller had the answer, by the caller's clock. */
  returned: UnixNanos;
}
