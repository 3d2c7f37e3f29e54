import type { TraitKind } from '../../analyze/index.ts';
import type { Flow } from '../../model/flow.ts';
import type { FlowSearch } from '../../model/search.ts';

/**
 * Counts over many flows. Every method takes the search of a flow list and looks at all flows that
 * it finds. Counts are exact; quantiles may come from a sample (`isSampled`).
 */
export interface LensReader {
  population(search: FlowSearch): Promise<Population>;
  /** Counts traits, the most frequent first. */
  countTraits(population: Population, of: TraitsOf): Promise<TraitCount[]>;
  /** Counts the flows that have each trait, by the time of their start. */
  traitTrend(
    population: Population,
    kind: TraitKind,
    grid: Pick<Grid, 'fromMs' | 'bucketMs'>,
  ): Promise<{ id: bigint; bucket: number; flows: number }[]>;
  /** Counts where each of these failures happened: their functions, versions and instances. */
  failureOrigins(
    population: Population,
    failures: readonly bigint[],
  ): Promise<{ failure: bigint; id: bigint; count: number; examples: string[] }[]>;
  /**
   * Counts which step directly follows which in time, as process-mining tools count it. `from` is
   * '' at the start of a flow, `to` is '' at its end.
   */
  directlyFollows(
    population: Population,
    orderedBy: 'start' | 'end',
    most: number,
  ): Promise<{ from: string; to: string; count: number }[]>;
  countVariants(population: Population, most: number): Promise<VariantCount[]>;
  /** Counts how flows of these variants ended, and finds versions that they have (trait ids). */
  variantDetails(
    population: Population,
    ids: readonly bigint[],
  ): Promise<{
    outcomes: { id: bigint; type: string; status: string; flows: number }[];
    versions: { variant: bigint; id: bigint; examples: string[] }[];
  }>;
  /** Sums segments of the critical path over the flows of each band of durations. */
  segmentShares(population: Population, bands: readonly Band[]): Promise<SegmentShare[]>;
  /**
   * Counts flows by start and duration. With `points`, the duration is that between two points
   * (`between`).
   */
  spread(population: Population, grid: Grid, points?: Points): Promise<SpreadCell[]>;
  /**
   * Measures the time from the first event named `from` to the first event named `to` after it, in
   * ms, in flows that have both. A name is that of a step or the type of a message.
   */
  between(population: Population, points: Points): Promise<Measured>;
  /** Counts flows by the time of their start, and by `by`. */
  trend(population: Population, bucketMs: number, by: TrendBy): Promise<TrendRow[]>;
  /** Returns whole flows, at most `limit`, chosen at random but always the same. */
  sampleFlows(population: Population, limit: number): Promise<Flow[]>;
  /**
   * Counts the flows of two populations that have each trait, key and status: of traits and keys at
   * most `most`, the most frequent ones in either.
   */
  compare(
    here: Population,
    there: Population,
    of: Required<Omit<TraitsOf, 'byType' | 'measures'>>,
  ): Promise<Comparison>;
  /** Returns whole flows by id. */
  wholeFlows(ids: readonly string[]): Promise<Flow[]>;
  /**
   * Counts the attributes of the spans and resources of at most `flows` flows. `of` is the number
   * of flows that were looked at.
   */
  countAttributes(
    population: Population,
    flows: number,
    most: number,
  ): Promise<{ of: number; items: KeyCount[] }>;
  /** Returns the ids of flows of the population that were given as examples. */
  examples(
    population: Pick<Population, 'known'>,
    hashes: readonly string[],
  ): Promise<ReadonlyMap<string, string>>;
}

/** Reads what an overview is made of, besides what lenses count. */
export interface OverviewReader {
  /** Counts flows by type and environment, the most frequent first. */
  countTypes(population: Population, most: number): Promise<TypeCount[]>;
  /**
   * Counts flows that are late or stuck by what they wait for (traits of these kinds), and by the
   * instant from which on they were. Bucket -1 is what was before `fromMs`.
   */
  heldTrend(
    population: Population,
    grid: Pick<Grid, 'fromMs' | 'bucketMs'>,
  ): Promise<{ id: bigint; bucket: number; flows: number }[]>;
}

/** Counts the flows of a search by the values of fields that people narrow a list by. */
export interface FacetReader {
  /** Counts values of `status`, `type`, `environment` and `service`, `most` of each. */
  countFacets(search: FlowSearch, most: number): Promise<FacetCount[]>;
}
export interface FacetCount {
  field: 'status' | 'type' | 'environment' | 'service';
  value: string;
  flows: number;
}

/**
 * Ranks of durations, 0 to 1, between which flows count as being about p50, p90 and p99: each pair
 * is a band.
 */
export const BAND_RANKS = [0.475, 0.525, 0.875, 0.925, 0.98, 1] as const;

/** A search, and how many flows it finds at `nowMs`. */
export interface Population {
  search: FlowSearch;
  nowMs: number;
  total: number;
  /** Flows that are counted; rows of earlier versions of Fermata hold nothing to count. */
  used: number;
  isSampled: boolean;
  /** The ids of the flows by the hashes that stand for them in examples; null if they are many. */
  known: ReadonlyMap<string, string> | null;
  durationMs: Measured;
  /** Durations, ms, at the ranks `BAND_RANKS`; each is that of some flow. */
  bandsMs: number[];
  /** Start of the first and of the last flow, epoch ms; 0 if there is none. */
  firstAt: number;
  lastAt: number;
}

/** Families of kinds of traits, as a row holds them (`analyze/trait.ts`). */
export type TraitFamily = 'node' | 'edge' | 'segment' | 'other' | 'mark';

/** Quantiles of a measure, ms, interpolated linearly; all 0 if `count` is 0. */
export interface Measured {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  count: number;
}

/** Names members of `TraitCount`; `range` is `leastMs` and `mostMs`, `times` are those of flows. */
export type TraitMeasure =
  'due' | 'ms' | 'totalMs' | 'newestMs' | 'range' | 'number' | 'rank' | 'times';

/** Which traits are counted. */
export interface TraitsOf {
  /** Families that are counted together, because each reading of all rows costs the same again. */
  families: readonly TraitFamily[];
  /** Kinds within the families; absent: all. */
  kinds?: readonly TraitKind[];
  most: number;
  /** What is measured beside counts. All else is 0, because each costs time. */
  measures: readonly TraitMeasure[];
  /** Counts by flow type, too. */
  byType?: boolean;
}

export interface TraitCount {
  id: bigint;
  /** Flow type; '' unless counted by type. */
  type: string;
  count: number;
  flows: number;
  failed: number;
  retried: number;
  compensated: number;
  running: number;
  deadLettered: number;
  /** Flows in which `ms` is an instant that has passed. */
  due: number;
  ms: Measured;
  /** Sum of `ms`, and that of the flow that started last. */
  totalMs: number;
  newestMs: number;
  /** Smallest and greatest `ms`. */
  leastMs: number;
  mostMs: number;
  /** Greatest of the numbers above the flags. */
  number: number;
  /** Mean position among the flow's traits of the family. */
  rank: number;
  /** Start of the first and of the last flow that has the trait, epoch ms. */
  firstAt: number;
  lastAt: number;
  /** Hashes of ids of flows that have the trait, the newest first (`examples`). */
  examples: string[];
}

export interface VariantCount {
  id: bigint;
  flows: number;
  durationMs: Measured;
  firstAt: number;
  lastAt: number;
  examples: string[];
}

/** Durations from `fromMs` to `toMs`, both included. */
export interface Band {
  fromMs: number;
  toMs: number;
}
export interface SegmentShare {
  id: bigint;
  /** Shares of the time of all flows of each band, 0 to 1. */
  shares: number[];
}

export interface Grid {
  fromMs: number;
  bucketMs: number;
  /** Upper bounds of durations, ms, ascending; the last row of the grid has no bound. */
  boundsMs: readonly number[];
}
export interface SpreadCell {
  bucket: number;
  row: number;
  count: number;
  example: string;
}
export interface Points {
  from: string;
  to: string;
}

/** `scopedType` is the environment and the flow type, with a NUL between them. */
export type TrendBy = 'status' | 'type' | 'service' | 'environment' | 'scopedType';
export interface TrendRow {
  bucket: number;
  value: string;
  flows: number;
  durationMs: Measured;
}
interface InBoth {
  /** Flows of the one population, and of the other. */
  here: number;
  there: number;
}
export interface Comparison {
  /** `examples` are hashes of ids of flows of either population. */
  traits: (InBoth & { id: bigint; examples: string[] })[];
  keys: (InBoth & { name: string; value: string })[];
  statuses: (InBoth & { type: string; status: string })[];
  /** The ids of flows by their hashes, as in `Population`. */
  known: Population['known'];
}
export interface TypeCount {
  type: string;
  environment: string;
  flows: number;
  failed: number;
  durationMs: Measured;
}
export interface KeyCount {
  name: string;
  value: string;
  flows: number;
}
