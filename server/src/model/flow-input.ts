import type { EvidenceKind } from './flow.ts';
import type { FlowKey } from './keys.ts';
import type { Span, SpanKey } from './span.ts';

/**
 * Holds what a timeline is built from: a flow's spans in segments, with their causes resolved. It
 * is plain data, so that building a timeline is a pure function that needs no graph.
 */
export interface FlowInput {
  key: FlowKey;
  segments: InputSegment[];
  /**
   * Lists batch consumers that took messages of this flow together with those of other flows. They
   * are no members, and nothing is joined through them.
   */
  shared: InputSegment[];
  /** Lists shared spans around the flow; they are shown and join nothing. */
  context: Span[];
  /** Lists spans below a shared one that no evidence attributes to a flow. */
  unattributed: { span: Span; under: Span }[];
  /** Lists sends of this flow that another flow consumed. */
  consumedElsewhere: { send: Span; flowKey: FlowKey; consumer: Span }[];
  /** Counts the spans exactly, also where the flow has more than a timeline holds. */
  spanCount: number;
  truncated: boolean;
}

export interface InputSegment {
  head: Span;
  /** Lists all spans of the segment, its head first. */
  spans: Span[];
  causes: InputCause[];
  /**
   * Names the span in which the head happened; for work inside a batch, the span that took the
   * batch. '' for a segment without a parent.
   */
  parent: SpanKey;
  shared: boolean;
  /** Tells whether its parent never arrived. */
  orphan: boolean;
  cycle: boolean;
}

export interface InputCause {
  kinds: EvidenceKind[];
  /** Null where the span never arrived. */
  span: Span | null;
  key: string;
  where: 'flow' | 'shared' | 'elsewhere' | 'unseen';
  flowKey: FlowKey | '';
}

/** Returns all segments that steps are made of. */
export const allSegments = ({ segments, shared }: FlowInput): InputSegment[] =>
  shared.length === 0 ? segments : [...segments, ...shared];

/**
 * Orders spans by start, and by key at the same instant, so that the order of arrival never shows
 * (I1).
 */
export const order = (a: Span, b: Span): number =>
  a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
