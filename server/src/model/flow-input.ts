import type { EvidenceKind } from './flow.ts';
import type { FlowKey } from './keys.ts';
import type { Span, SpanKey } from './span.ts';

/**
 * What a timeline is made from: a flow's spans in segments, with their causes already resolved.
 * Plain data, so that `timeline.ts` is a pure function that needs no graph.
 */
export interface FlowInput {
  key: FlowKey;
  segments: InputSegment[];
  /**
   * Whoever took messages of this flow together with those of others: no members, and nothing
   * passes through them.
   */
  shared: InputSegment[];
  /** Shared spans around the flow: shown, never a bridge. */
  context: Span[];
  /** Spans under a shared one that nothing attributes. */
  unattributed: { span: Span; under: Span }[];
  /** Sends of this flow that another flow consumed. */
  consumedElsewhere: { send: Span; flowKey: FlowKey; consumer: Span }[];
  /** More spans than a timeline holds; counts stay exact. */
  spanCount: number;
  truncated: boolean;
}

export interface InputSegment {
  head: Span;
  /** Head first. */
  spans: Span[];
  causes: InputCause[];
  /**
   * What its head happened in; of what happened within a batch, whoever took that. '' where nothing
   * is above.
   */
  parent: SpanKey;
  shared: boolean;
  /** Its parent never came. */
  orphan: boolean;
  cycle: boolean;
}

export interface InputCause {
  kinds: EvidenceKind[];
  /** null where the span was never seen. */
  span: Span | null;
  key: string;
  where: 'flow' | 'shared' | 'elsewhere' | 'unseen';
  flowKey: FlowKey | '';
}

/** All that steps are made of. */
export const allSegments = ({ segments, shared }: FlowInput): InputSegment[] =>
  shared.length === 0 ? segments : [...segments, ...shared];

/** By start; of the same instant by key, so that no order of arrival shows. */
export const order = (a: Span, b: Span): number =>
  a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
