import type { Span } from '../model/span.ts';
import type { InputSegment } from '../model/flow-input.ts';

/** A draft is a unit of work that becomes an attempt of a step. */
export interface Draft {
  head: Span;
  segment: InputSegment;
  spans: Span[];
  shift: bigint;
  /** Step whose client span called this one. */
  calledBy: { client: Span; from: Draft } | null;
}
