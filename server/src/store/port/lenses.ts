import type { TraitKind } from '../../analyze/index.ts';
import type { Flow } from '../../model/flow.ts';
import type { FlowSearch } from '../../model/search.ts';

/**
 * Counts over many flows. Every method counts the flows that a search finds. Counts are exact.
 * Quantiles may be computed from a sample (`isSampled`).
 */
export interface LensReader {
  population(search: FlowSearch): Promise<Population>;
  /** Counts traits, the most frequent first. */
  countTraits(population: Population, of: TraitsOf): Promise<TraitCount[]>;
  /** Counts, by flow type, the flows that have any edge of each group. */
  countHaving(
    population: Population,
    groups: readonly (readonly bigint[])[],
  ): Promise<{ type: string; flows: number[] }[]>;
  /** Counts the flows that have each trait, in buckets of the time of their start. */
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
  /**
   * Reads which version flows ran, one after the other by their start, for each list of versions of
   * one service, in each environment. Flows that ran several of them are left out. Of many flows a
   * sample is read.
   */
  versionRuns(population: Population, versions: readonly bigint[][]): Promise<VersionRun[][]>;
  countVariants(population: Population, most: number): Promise<VariantCount[]>;
  /**
   * Returns those of these variants that flows took before the first flow of the population: flows
   * of the same search, without its start.
   */
  variantsBefore(population: Population, ids: readonly bigint[]): Promise<Set<bigint>>;
  /**
   * Returns those of these versions that flows ran before the first flow of the population: any
   * flows of the same types and environments, because a version runs for all of them.
   */
  versionsBefore(population: Population, ids: readonly bigint[]): Promise<Set<bigint>>;
  /**
   * Counts the outcomes of the flows of each variant, and finds the service versions in these flows
   * (as trait ids).
   */
  variantDetails(
    population: Population,
    ids: readonly bigint[],
  ): Promise<{
    outcomes: { id: bigint; type: string; status: string; flows: number }[];
    versions: { variant: bigint; id: bigint; examples: string[] }[];
  }>;
  /**
   * Sums the segments of the critical path over the flows of each band. A band is a range of flow
   * durations.
   */
  segmentShares(population: Population, bands: readonly Band[]): Promise<SegmentShare[]>;
  /**
   * Counts flows by start and duration, in the cells of `grid`. With `points`, the duration is the
   * time between these two points (`between`).
   */
  spread(population: Population, grid: Grid, points?: Points): Promise<SpreadCell[]>;
  /**
   * Measures the time from the first event named `from` to the first event named `to` after it, in
   * ms, in flows that have both. A name is that of a step or the type of a message.
   */
  between(population: Population, points: Points): Promise<Measured>;
  /** Counts flows in buckets of the time of their start, for each value of the field `by`. */
  trend(population: Population, bucketMs: number, by: TrendBy): Promise<TrendRow[]>;
  /**
   * Returns at most `limit` flows with their timelines, chosen by a hash. The choice looks random,
   * and is the same for every call.
   */
  sampleFlows(population: Population, limit: number): Promise<Flow[]>;
  /**
   * Counts, in two populations, the flows that have each trait, key and status. Returns at most
   * `most` traits and `most` keys, which are the most frequent in either population.
   */
  compare(
    here: Population,
    there: Population,
    of: Required<Omit<TraitsOf, 'byType' | 'measures'>>,
  ): Promise<Comparison>;
  /** Returns flows by id, with their complete timelines. */
  wholeFlows(ids: readonly string[]): Promise<Flow[]>;
  /**
   * Counts the values of attributes of spans and resources in at most `flows` flows. The `of` of
   * the result is the number of flows that were read.
   */
  countAttributes(
    population: Population,
    flows: number,
    most: number,
  ): Promise<{ of: number; items: AttributeCount[] }>;
  /**
   * Returns the ids of example flows, by the hashes that stand for these flows in other answers.
   */
  examples(
    population: Pick<Population, 'known'>,
    hashes: readonly string[],
  ): Promise<ReadonlyMap<string, string>>;
}

/** Reads the counts of the overview that `LensReader` does not provide. */
export interface OverviewReader {
  /**
   * Counts flows by type and environment, the most frequent first, and their starts in buckets of
   * `bucketMs` since 1970.
   */
  countTypes(population: Population, most: number, bucketMs: number): Promise<TypeCount[]>;
  /**
   * Counts late and stuck flows by the step that they wait for (as trait ids of kind `late` or
   * `stuck`), in buckets of the time when they became late or stuck. Bucket -1 is for times before
   * `fromMs`.
   */
  heldTrend(
    population: Population,
    grid: Pick<Grid, 'fromMs' | 'bucketMs'>,
  ): Promise<{ id: bigint; bucket: number; flows: number }[]>;
}

/** Counts the flows of a search by the values of the fields by which people filter a list. */
export interface FacetReader {
  /**
   * Counts flows by the values of `status`, `type`, `environment` and `service`, for at most `most`
   * values of each field.
   */
  countFacets(search: FlowSearch, most: number): Promise<FacetCount[]>;
}
export interface FacetCount {
  field: 'status' | 'type' | 'environment' | 'service';
  value: string;
  flows: number;
}

/**
 * Bounds of three bands of durations, as ranks from 0 to 1. Each pair of ranks bounds a band: flows
 * about p50, about p90 and about p99.
 */
export const BAND_RANKS = [0.475, 0.525, 0.875, 0.925, 0.98, 1] as const;

/** The flows that a search finds at `nowMs`, with their number and durations. */
export interface Population {
  search: FlowSearch;
  nowMs: number;
  total: number;
  /**
   * Number of flows that lenses count. Flows that an earlier version of Fermata stored are left
   * out, because their rows lack traits.
   */
  used: number;
  /** Number of the used flows that have not ended. Their duration is up to their last progress. */
  open: number;
  isSampled: boolean;
  /**
   * Flow ids by their hashes, which stand for the flows in examples. Null if the population has too
   * many flows to hold their ids.
   */
  known: ReadonlyMap<string, string> | null;
  /** Types of the flows; all of them if `known` is not null. */
  types: readonly string[];
  durationMs: Measured;
  /**
   * Durations at the ranks `BAND_RANKS`, ms. Each is the duration of a flow and is not
   * interpolated.
   */
  bandsMs: number[];
  /** Starts of the first and the last flow, epoch ms; 0 if the population is empty. */
  firstAt: number;
  lastAt: number;
}

/** Groups of trait kinds. A flow's row has separate columns for each group (`analyze/trait.ts`). */
export type TraitFamily = 'node' | 'edge' | 'segment' | 'other' | 'mark';

/** Quantiles of a measured value, ms, with linear interpolation. All are 0 if `count` is 0. */
export interface Measured {
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
  count: number;
}

/**
 * Members of `TraitCount` that are computed on request. `range` stands for `leastMs` and `mostMs`,
 * and `times` for `firstAt` and `lastAt`.
 */
export type TraitMeasure =
  'due' | 'ms' | 'totalMs' | 'newestMs' | 'range' | 'number' | 'rank' | 'times';

/** Selects the traits to count, and the measures to compute. */
export interface TraitsOf {
  /** Families to count in one query, because each query has to read all rows. */
  families: readonly TraitFamily[];
  /** Kinds of traits to count within the families. All kinds if absent. */
  kinds?: readonly TraitKind[];
  most: number;
  /**
   * Measures to compute besides counts. Other measures are 0 in the result, because each one takes
   * time to compute.
   */
  measures: readonly TraitMeasure[];
  /** Whether to count separately for each flow type. */
  byType?: boolean;
}

export interface TraitCount {
  id: bigint;
  /** Flow type; '' unless the traits are counted separately for each type. */
  type: string;
  count: number;
  flows: number;
  failed: number;
  retried: number;
  compensated: number;
  running: number;
  deadLettered: number;
  /**
   * Number of flows in which the instant `ms` has passed. Used for traits whose `ms` is an instant,
   * such as the time when a step is late.
   */
  due: number;
  ms: Measured;
  /** Sum of `ms` over all flows, and `ms` of the flow that started last. */
  totalMs: number;
  newestMs: number;
  /** Smallest and greatest `ms` in any flow. */
  leastMs: number;
  mostMs: number;
  /** Greatest of the numbers that traits hold in the bits above their flags (`NUMBER_SHIFT`). */
  number: number;
  /** Mean position of the trait in a flow's list of the traits of its family. */
  rank: number;
  /** Starts of the first and the last flow that has the trait, epoch ms. */
  firstAt: number;
  lastAt: number;
  /**
   * Hashes of the ids of some flows that have the trait, newest flow first. `LensReader.examples`
   * returns the ids.
   */
  examples: string[];
}

/** Flows in a row that ran the same version of a service; `atMs` is the start of the first one. */
export interface VersionRun {
  version: bigint;
  atMs: number;
  flows: number;
}

export interface VariantCount {
  id: bigint;
  flows: number;
  durationMs: Measured;
  firstAt: number;
  lastAt: number;
  examples: string[];
}

/** A range of flow durations, both bounds included. */
export interface Band {
  fromMs: number;
  toMs: number;
}
export interface SegmentShare {
  id: bigint;
  /** For each band, the segment's share of the total duration of all flows of the band, 0 to 1. */
  shares: number[];
}

export interface Grid {
  fromMs: number;
  bucketMs: number;
  /**
   * Upper bounds of the rows of durations, ms, ascending. One more row holds all longer durations.
   */
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

/** Field by which flows are counted. */
export type TrendBy = 'status' | 'type' | 'service' | 'environment';
export interface TrendRow {
  bucket: number;
  value: string;
  flows: number;
  durationMs: Measured;
}
interface InBoth {
  /** Number of flows in the first population (`here`), and in the second (`there`). */
  here: number;
  there: number;
}
export interface Comparison {
  /**
   * Traits that flows of either population have. `examples` are hashes of the ids of such flows.
   */
  traits: (InBoth & { id: bigint; examples: string[] })[];
  keys: (InBoth & { name: string; value: string })[];
  statuses: (InBoth & { type: string; status: string })[];
  /** Flow ids by their hashes, as in `Population`. */
  known: Population['known'];
}
export interface TypeCount {
  type: string;
  environment: string;
  flows: number;
  failed: number;
  durationMs: Measured;
  starts: { bucket: number; flows: number }[];
}
/** Flows with a value of an attribute. */
export interface AttributeCount {
  name: string;
  value: string;
  flows: number;
  /** How many values the attribute has, and the sum of the flows of each of these. */
  nameValues: number;
  nameFlows: number;
}
