import type { Count, Instant, Share } from './units.ts';
import type { Segment } from './flow.ts';

type SegmentKind = Segment['kind'];

/**
 * Fields of every answer of a lens (`/api/v1/lenses/…`). A lens looks at all flows of a population,
 * which is any filter of `/api/v1/flows`. Counts are exact. `q` is a query that finds exactly the
 * flows that were counted, if it replaces `q` in the same filter.
 */
export interface LensAnswer {
  population: LensPopulation;
  asOf: Instant;
}

export interface LensPopulation {
  /** Number of flows that match the filter. */
  total: Count;
  /** Number of flows that were counted. Rows of earlier versions of Fermata cannot be counted. */
  used: Count;
  /** Number of these that are open: durations count their time up to the last progress. */
  open: Count;
  /** True if quantiles were computed from a sample, because there are many flows. */
  sampled: boolean;
  /** Start of the first flow; null if there is none. `to` is the start of the last flow. */
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

/** Adds to an answer the same answer for a second population (`against`), if one was asked for. */
export interface Compared<Answer> {
  against?: Answer;
}

export interface MapAnswer extends LensAnswer, Compared<MapAnswer> {
  nodes: MapNode[];
  edges: MapEdge[];
  /** Numbers of nodes and edges that are left out, because there are too many. */
  folded: { nodes: Count; edges: Count };
  /** Which steps directly follow each other in time; present only if `follows` was asked for. */
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
  /** How often the step ran; `flows` is in how many flows. */
  count: Count;
  flows: Count;
  failed: Count;
  retried: Count;
  compensated: Count;
  running: Count;
  /**
   * Number of flows that wait for this step now and are late; `stuck` is the number that are stuck.
   */
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
  /** Number of messages that no consumer has taken yet. */
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
  /** Numbers of the variants that are not listed and of their flows. */
  others: { variants: Count; flows: Count };
}
export interface Variant {
  id: string;
  /** Names of steps in order of their start; `more` is the number of steps that are not listed. */
  steps: string[];
  more: Count;
  flows: Count;
  share: Share;
  /** Flow types with flows of this variant, the most frequent first. */
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
  /** Parts of the critical path, in the order in which flows reach them. */
  chain: LatencySegment[];
  /** Time of the critical path by kind of segment. */
  kinds: ({ kind: SegmentKind } & LatencyShares)[];
  heatmap: Heatmap;
  between: Between | null;
  whatIf: WhatIf | null;
  /**
   * Parts that take longer or shorter than in the population `against`, the greatest difference of
   * the means first. Present only with `against`.
   */
  changed?: {
    kind: SegmentKind;
    step: string;
    service: string;
    message: string;
    meanMs: number;
    againstMeanMs: number;
  }[];
}
/** Shares of the time that a part takes in flows whose durations are about p50, p90 and p99. */
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
  /** Mean time, ms, over all flows of the population, including those without this part. */
  meanMs: number;
  flows: Count;
  exampleFlowIds: string[];
  q: string;
}
/** Number of flows by start (columns) and duration (rows). */
export interface Heatmap {
  times: Instant[];
  /** Upper bounds of the rows; the last row of `counts` has no bound. */
  boundsMs: number[];
  counts: Count[][];
  /** Id of the slowest flow of each cell; null if the cell is empty. */
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
  /**
   * Number of flows whose timelines were computed again; `shorter` is the number that became
   * shorter.
   */
  flows: Count;
  shorter: Count;
  beforeMs: Quantiles;
  afterMs: Quantiles;
}

export interface FailuresAnswer extends LensAnswer, Compared<FailuresAnswer> {
  items: FailureGroup[];
  others: { groups: Count; count: Count };
  /** Time that the trends of the groups cover; null if there are no flows. */
  trend: { from: Instant; to: Instant } | null;
}
export interface FailureGroup {
  fingerprint: string;
  /** The error without the variable parts of its message. */
  error: { type: string; message: string };
  step: string;
  service: string;
  /** Type of the message that the step handled; '' if there is none. */
  message: string;
  /** Number of failed attempts; `flows` is the number of flows that have any. */
  count: Count;
  flows: Count;
  flowTypes: { type: string; flows: Count }[];
  /**
   * Number of flows in each of several equal parts of the time that was asked for, as far as it is
   * over; if none was asked for, from the first flow of the population to the last.
   */
  trend: Count[];
  firstAt: Instant;
  lastAt: Instant;
  versions: { version: string; count: Count }[];
  instances: { instance: string; count: Count }[];
  /** Failed attempts after which a later try succeeded. */
  mendedByRetry: Count;
  /** Messages that were dead-lettered after such a failure, however often they had been tried. */
  deadLettered: Count;
  /** Innermost functions of the failure's stack traces, the most frequent first. */
  frames: string[];
  /**
   * Status that people gave the failure. `regressed` means that it occurred again after somebody
   * had resolved it.
   */
  status: 'open' | 'acknowledged' | 'resolved' | 'regressed';
  notes: { at: Instant; text: string }[];
  exampleFlowIds: string[];
  q: string;
}

/** What people recorded about a failure. */
export interface FailureNotes {
  acknowledgedAt: Instant | null;
  resolvedAt: Instant | null;
  notes: { at: Instant; text: string }[];
}

export interface DifferencesAnswer extends LensAnswer {
  /** The population that was compared with. `is` tells how it was chosen. */
  against: LensPopulation & { is: 'asked for' | 'the rest' | 'the time before' };
  /** Differences between the two populations, the most telling first. */
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
  /** Value of the field. For an attribute or a key it includes the name, as in `region=eu`. */
  value: string;
  /** Other attributes that the same numbers of flows have, here and in the other population. */
  alike: string[];
  /**
   * Share of the flows that have the value; `baselineShare` is the share in the other population.
   */
  share: Share;
  baselineShare: Share;
  /** `share` divided by `baselineShare`; null if no flow of the other population has the value. */
  lift: number | null;
  flows: Count;
  baselineFlows: Count;
  /** True if the flows were counted in a sample. */
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
  /** The reports as Markdown, for people to read. */
  markdown: string;
}
export type CoordinationStyle =
  'orchestrated' | 'choreographed' | 'hybrid' | 'one service' | 'calls only';
export interface CoordinationReport {
  type: string;
  flows: Count;
  verdict: CoordinationStyle;
  /** Number of flows of each style. */
  styles: { style: CoordinationStyle; flows: Count }[];
  /** Shares of each kind of hop among the hops between services. */
  shares: { event: Share; command: Share; reply: Share; call: Share };
  hops: Count;
  /** The service that sends most commands and calls; null if no service conducts. */
  conductor: string | null;
  /** Number of services that one service has to know, for the service that has to know most. */
  coupling: Count;
  /** Which services a service has to know, because it sends commands to them or calls them. */
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
  /**
   * Steps that wait for synchronous calls, and for how long. `chainDepth` is the number of services
   * in the chain of calls, including the step's own.
   */
  blocked: { service: string; step: string; share: Share; ms: number; chainDepth: Count }[];
  /**
   * What stops with a service. It takes part in `flowsShare` of the flows. In `heldShare` of them
   * steps of others follow from its steps, or wait for its answers, so that they are held; in the
   * others only its own steps are missing.
   */
  ifStops: { service: string; flowsShare: Share; heldShare: Share }[];
  /**
   * Steps after which flows continue with different steps, so that they contain a business rule.
   */
  decisions: { service: string; step: string; next: { step: string; flowsShare: Share }[] }[];
  advice: Advice[];
}
export interface Advice {
  text: string;
  because: Record<string, number>;
  exampleFlowIds: string[];
  q: string;
}
