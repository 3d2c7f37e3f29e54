import type { Span } from '../model/span.ts';
import type { InputSegment } from '../model/flow-input.ts';

/** A draft is a unit of work that becomes an attempt of a step. */
export interface Draft {
  head: Span;
  segment: InputSegment;
  spans: Span[];
  shift: bigint;
  /** The client span that called this unit, and the draft to which that client span belongs. */
  calledBy: { client: Span; from: Draft } | null;
}
