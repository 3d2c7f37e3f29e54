import type { EvidenceKind } from './flow.ts';
import type { FlowKey } from './keys.ts';
import type { Span, SpanKey } from './span.ts';

/**
 * Holds what the timeline of one flow is built from: the spans of the flow in segments, and the
 * causes of each segment. It is plain data, so that a pure function can build the timeline without
 * the graph.
 */
export interface FlowInput {
  key: FlowKey;
  segments: InputSegment[];
  /**
   * Lists segments of batch consumers that took messages of this flow together with messages of
   * other flows. These spans are no members of the flow, and nothing is joined through them.
   */
  shared: InputSegment[];
  /**
   * Lists spans around the flow that several flows share. They are shown with the flow, and nothing
   * is joined through them.
   */
  context: Span[];
  /**
   * Lists spans that lie below a shared span (`under`) and that no evidence attributes to a flow.
   */
  unattributed: { span: Span; under: Span }[];
  /** Lists sends of this flow whose message another flow consumed. */
  consumedElsewhere: { send: Span; flowKey: FlowKey; consumer: Span }[];
  /** Counts all spans of the flow, also if the timeline holds only some of them. */
  spanCount: number;
  truncated: boolean;
}

export interface InputSegment {
  head: Span;
  /** Lists all spans of the segment, the head first. */
  spans: Span[];
  causes: InputCause[];
  /**
   * Names the span in which the head happened or, for work inside a batch, the span that took the
   * batch; '' if the segment has no parent.
   */
  parent: SpanKey;
  shared: boolean;
  /** Is true if the parent of the head never arrived. */
  orphan: boolean;
  cycle: boolean;
}

export interface InputCause {
  kinds: EvidenceKind[];
  /** Holds the span that is the cause, or null if that span never arrived. */
  span: Span | null;
  key: string;
  where: 'flow' | 'shared' | 'elsewhere' | 'unseen';
  flowKey: FlowKey | '';
}

/**
 * Returns all segments from which steps are made: those of the flow, and those shared with other
 * flows.
 */
export const allSegments = ({ segments, shared }: FlowInput): InputSegment[] =>
  shared.length === 0 ? segments : [...segments, ...shared];

/**
 * Compares two spans by start, and at the same start by key, so that the order in which spans
 * arrive has no influence (I1).
 */
export const order = (a: Span, b: Span): number =>
  a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
