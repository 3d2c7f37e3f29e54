import type { EvidenceKind } from './flow.ts';
import type { FlowKey } from './keys.ts';
import type { Span, SpanKey } from './span.ts';

/**
 * Input from which a flow's timeline is built: the flow's spans, grouped into segments, and the
 * causes of each segment. It contains only data, so that a pure function can build the timeline
 * without the graph.
 */
export interface FlowInput {
  key: FlowKey;
  segments: InputSegment[];
  /**
   * Segments of batch consumers that received messages of this flow together with messages of other
   * flows. Their spans are not members of the flow and do not join anything to it.
   */
  shared: InputSegment[];
  /**
   * Surrounding spans that several flows share. They are shown with the flow, but do not join
   * anything to it.
   */
  context: Span[];
  /** Spans below a shared span (`under`) that no evidence attributes to a flow. */
  unattributed: { span: Span; under: Span }[];
  /** Send spans of this flow whose messages were consumed by another flow. */
  consumedElsewhere: { send: Span; flowKey: FlowKey; consumer: Span }[];
  /** Number of all spans of the flow, even if the timeline contains only some of them. */
  spanCount: number;
  truncated: boolean;
}

export interface InputSegment {
  head: Span;
  /** All spans of the segment, beginning with `head`. */
  spans: Span[];
  causes: InputCause[];
  /**
   * Parent of the head; for a span that processes one message of a batch, the span that received
   * the batch. '' if the segment has no parent.
   */
  parent: SpanKey;
  shared: boolean;
  /** True if the parent of the head has not arrived. */
  orphan: boolean;
  cycle: boolean;
}

export interface InputCause {
  kinds: EvidenceKind[];
  /** Span that is the cause; null if it has not arrived. */
  span: Span | null;
  key: string;
  where: 'flow' | 'shared' | 'elsewhere' | 'unseen';
  flowKey: FlowKey | '';
}

/**
 * Returns all segments that become steps: those of the flow itself and those shared with other
 * flows.
 */
export const allSegments = ({ segments, shared }: FlowInput): InputSegment[] =>
  shared.length === 0 ? segments : [...segments, ...shared];

/**
 * Compares two spans by start, and by key if the starts are equal, so that the result does not
 * depend on the order of arrival (I1).
 */
export const order = (a: Span, b: Span): number =>
  a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
