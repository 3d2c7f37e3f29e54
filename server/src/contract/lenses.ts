import type { Count, Instant, Share } from './units.ts';
import type { Segment } from './flow.ts';

type SegmentKind = Segment['kind'];

/**
 * Answers of the lenses (`/api/v1/lenses/…`). A lens looks at all flows of a population, which is
 * any filter of `/api/v1/flows`. Counts are exact. `q` is a query that finds exactly the flows that
 * were counted, if it replaces `q` in the same filter.
 */
export interface LensAnswer {
  population: LensPopulation;
  asOf: Instant;
}

export interface LensPopulation {
  /** Flows that match the filter. */
  total: Count;
  /** Flows that were counted; rows of earlier versions of Fermata cannot be. */
  used: Count;
  /** Quantiles come from a sample, because there are many flows. */
  sampled: boolean;
  /** Start of the first and of the last flow; null if there is none. */
  from: Instant | null;
  to: Instant | null;
}

/** Quantiles in ms, interpolated linearly; all 0 if nothing was measured. */
export interface Quantiles {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  count: Count;
}

/** The same answer for a second population (`against`), if one was asked for. */
export interface Compared<Answer> {
  against?: Answer;
}

export interface MapAnswer extends LensAnswer, Compared<MapAnswer> {
  nodes: MapNode[];
  edges: MapEdge[];
  /** Nodes and edges that are left out, because there are too many. */
  folded: { nodes: Count; edges: Count };
  /** Only if asked for (`follows`): which step directly follows which in time. */
  directlyFollows?: {
    by: 'start' | 'end';
    /** `from` is '' at the start of a flow, `to` is '' at its end. */
    items: { from: string; to: string; count: Count }[];
  };
}
export interface MapNode {
  id: string;
  step: string;
  service: string;
  kind: string;
  /** How often the step ran, and in how many flows. */
  count: Count;
  flows: Count;
  failed: Count;
  retried: Count;
  compensated: Count;
  running: Count;
  /** Flows that wait for this step now, and are late or stuck. */
  late: Count;
  stuck: Count;
  workMs: Quantiles;
  exampleFlowIds: string[];
  q: string;
}
export interface MapEdge {
  id: string;
  from: string;
  to: string;
  message: { kind: string; type: string; system: string; destination: string } | null;
  sync: boolean;
  count: Count;
  flows: Count;
  failed: Count;
  /** Messages that nobody has taken yet. */
  waiting: Count;
  deadLettered: Count;
  late: Count;
  stuck: Count;
  waitMs: Quantiles;
  exampleFlowIds: string[];
  q: string;
}

export interface VariantsAnswer extends LensAnswer, Compared<VariantsAnswer> {
  items: Variant[];
  /** What is not listed. */
  others: { variants: Count; flows: Count };
}
export interface Variant {
  id: string;
  /** Steps in order of their start; `more` counts those that are not spelt out. */
  steps: string[];
  more: Count;
  flows: Count;
  share: Share;
  /** Flow types whose flows take it, the most frequent first. */
  types: { type: string; flows: Count }[];
  outcomes: Record<string, Count>;
  durationMs: Quantiles;
  firstAt: Instant;
  lastAt: Instant;
  versions: { service: string; version: string }[];
  exampleFlowIds: string[];
  q: string;
}

export interface LatencyAnswer extends LensAnswer, Compared<LatencyAnswer> {
  durationMs: Quantiles;
  /** Parts of the critical path, in the order in which flows come to them. */
  chain: LatencySegment[];
  /** The same time by kind. */
  kinds: ({ kind: SegmentKind } & LatencyShares)[];
  heatmap: Heatmap;
  between: Between | null;
  whatIf: WhatIf | null;
  /** Only with `against`: by how much a part takes longer in a mean flow, the greatest first. */
  changed?: {
    kind: SegmentKind;
    step: string;
    service: string;
    message: string;
    meanMs: number;
    againstMeanMs: number;
  }[];
}
/** Shares of the time of flows whose durations are about p50, p90 and p99; 0 to 1. */
export interface LatencyShares {
  shareAtP50: Share;
  shareAtP90: Share;
  shareAtP99: Share;
}
export interface LatencySegment extends LatencyShares {
  id: string;
  kind: SegmentKind;
  step: string;
  service: string;
  message: string;
  ms: Quantiles;
  /** Mean time, ms, over all flows of the population, also those without this part. */
  meanMs: number;
  flows: Count;
  exampleFlowIds: string[];
  q: string;
}
/** Flows by start (columns) and duration (rows). */
export interface Heatmap {
  times: Instant[];
  /** Upper bounds of the rows; the last row of `counts` has no bound. */
  boundsMs: number[];
  counts: Count[][];
  /** The slowest flow of each cell, or null. */
  exemplars: (string | null)[][];
}
export interface Between {
  from: string;
  to: string;
  ms: Quantiles;
  histogram: { boundsMs: number[]; counts: Count[] };
  heatmap: Heatmap;
}
export interface WhatIf {
  /** Id of the segment whose time was halved. */
  segment: string;
  /** Flows whose timelines were computed again, and those that became shorter. */
  flows: Count;
  shorter: Count;
  beforeMs: Quantiles;
  afterMs: Quantiles;
}

export interface FailuresAnswer extends LensAnswer, Compared<FailuresAnswer> {
  items: FailureGroup[];
  others: { groups: Count; count: Count };
}
export interface FailureGroup {
  fingerprint: string;
  /** The message with its variable parts taken out. */
  error: { type: string; message: string };
  step: string;
  service: string;
  /** Type of the message that the step handled, or ''. */
  message: string;
  /** Failed attempts, and the flows that have any. */
  count: Count;
  flows: Count;
  flowTypes: { type: string; flows: Count }[];
  /** Flows by equal parts of the time from the first flow of the population to the last. */
  trend: Count[];
  firstAt: Instant;
  lastAt: Instant;
  versions: { version: string; count: Count }[];
  instances: { instance: string; count: Count }[];
  /** Failed attempts after which a later try succeeded; those that were dead-lettered. */
  mendedByRetry: Count;
  deadLettered: Count;
  /** The innermost functions of its stack traces, the most frequent first. */
  frames: string[];
  /** `regressed`: it came again after somebody had resolved it. */
  status: 'open' | 'acknowledged' | 'resolved' | 'regressed';
  notes: { at: Instant; text: string }[];
  exampleFlowIds: string[];
  q: string;
}

/** What people said of a failure. */
export interface FailureNotes {
  acknowledgedAt: Instant | null;
  resolvedAt: Instant | null;
  notes: { at: Instant; text: string }[];
}

export interface DifferencesAnswer extends LensAnswer {
  /** The population that was compared with, and how it was chosen. */
  against: LensPopulation & { is: 'asked for' | 'the rest' | 'the time before' };
  /** What sets the two apart, the most telling first. */
  items: Difference[];
}
export interface Difference {
  field:
    | 'attribute'
    | 'key'
    | 'version'
    | 'instance'
    | 'service'
    | 'step'
    | 'message'
    | 'failure'
    | 'status'
    | 'type';
  /** The value; of an attribute or key with its name, `region=eu`. */
  value: string;
  /** Share of the flows that have it, 0 to 1, here and in the other population. */
  share: Share;
  baselineShare: Share;
  /** `share` by `baselineShare`; null if nothing there has it. */
  lift: number | null;
  flows: Count;
  baselineFlows: Count;
  /** Counted in a sample of the flows. */
  sampled: boolean;
  q: string;
}

export interface TrendAnswer extends LensAnswer, Compared<TrendAnswer> {
  by: string;
  bucketMs: number;
  buckets: { at: Instant; flows: Count; counts: Record<string, Count>; durationMs: Quantiles }[];
  annotations: { at: Instant; kind: 'version' | 'variant' | 'incident'; text: string }[];
}

export interface CoordinationAnswer extends LensAnswer {
  types: CoordinationReport[];
  /** The same for people. */
  markdown: string;
}
export type CoordinationStyle =
  'orchestrated' | 'choreographed' | 'hybrid' | 'one service' | 'calls only';
export interface CoordinationReport {
  type: string;
  flows: Count;
  verdict: CoordinationStyle;
  /** Flows by the style of each. */
  styles: { style: CoordinationStyle; flows: Count }[];
  /** Shares of the hops between services, 0 to 1. */
  shares: { event: Share; command: Share; reply: Share; call: Share };
  hops: Count;
  /** The service that sends the commands; null if no service conducts. */
  conductor: string | null;
  /** How many services the one that knows most others has to know. */
  coupling: Count;
  /** Which service must know which: it sends it a command or calls it. */
  knows: { service: string; knows: string[] }[];
  listeners: {
    message: string;
    from: string;
    service: string;
    since: Instant;
    lagMs: Quantiles;
    nowMs: number;
  }[];
  failureAudience: { failure: string; mustHear: string[]; hear: string[] }[];
  /** Who waits for synchronous calls, for how long; `chainDepth` counts services, its own too. */
  blocked: { service: string; step: string; share: Share; ms: number; chainDepth: Count }[];
  ifStops: { service: string; flowsShare: Share }[];
  /** Steps after which flows go different ways, so that a rule of the business lives there. */
  decisions: { service: string; step: string; next: { step: string; flowsShare: Share }[] }[];
  advice: Advice[];
}
export interface Advice {
  text: string;
  because: Record<string, number>;
  exampleFlowIds: string[];
  q: string;
}
