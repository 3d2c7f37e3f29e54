import { durationIf, hexOf } from '../../analyze/index.ts';
import { FermataError } from '../../base/errors.ts';
import type {
  Between,
  Heatmap,
  LatencyAnswer,
  LatencySegment,
  WhatIf,
} from '../../contract/index.ts';
import type {
  Grid,
  LensReader,
  Measured,
  Points,
  Population,
  SpreadCell,
  TraitCount,
} from '../../store/index.ts';
import { iso } from '../present.ts';
import { micros, present, presentQuantiles, queryOf } from './population.ts';
import { bodyOf, examplesOf, learnNames } from './trait-names.ts';
import { bucketFor } from './trend.ts';

const MAX_SEGMENTS = 1000;
const HEATMAP_COLUMNS = 48;
const MAX_ROWS = 20;
/** Maximum number of flows whose timelines are computed again for a what-if. */
const MAX_WHAT_IF_FLOWS = 1000;

export interface LatencyOptions {
  between?: Points | undefined;
  /** Id of the segment whose time is halved in the what-if. */
  halve?: string | undefined;
}

/** Lens: what the time of flows is spent on, in the order in which they come to it. */
export async function latencyLens(
  store: LensReader,
  population: Population,
  q: string,
  { between, halve }: LatencyOptions,
): Promise<LatencyAnswer> {
  const [segments, shares, heatmap, timeBetween] = await Promise.all([
    store.countTraits(population, {
      ...{ families: ['segment'], most: MAX_SEGMENTS, measures: ['ms', 'totalMs', 'rank'] },
    }),
    sharesOf(store, population),
    heatmapOf(store, population, population.durationMs),
    between === undefined ? null : betweenOf(store, population, between),
  ]);
  await learnNames(store, population, segments);
  const flowsOf = await examplesOf(store, population, segments);
  const chain = segments
    .sort((a, b) => a.rank - b.rank)
    .flatMap((one) => presentSegment(one, shares(one.id), population, flowsOf(one), q));
  return {
    ...present(population),
    durationMs: presentQuantiles(population.durationMs),
    chain,
    kinds: kindsOf(chain),
    heatmap,
    between: timeBetween,
    whatIf: halve === undefined ? null : await whatIfOf(store, population, halve),
  };
}

/** Returns which parts of the chain changed between two populations, the greatest change first. */
export function changedParts(
  now: readonly LatencySegment[],
  before: readonly LatencySegment[],
): NonNullable<LatencyAnswer['changed']> {
  const old = new Map(before.map((segment) => [segment.id, segment]));
  const only = before.filter(({ id }) => !now.some((segment) => segment.id === id));
  return [
    ...now.map((segment) => ({ ...segment, againstMeanMs: old.get(segment.id)?.meanMs ?? 0 })),
    ...only.map((segment) => ({ ...segment, meanMs: 0, againstMeanMs: segment.meanMs })),
  ]
    .sort((a, b) => Math.abs(b.meanMs - b.againstMeanMs) - Math.abs(a.meanMs - a.againstMeanMs))
    .map(({ kind, step, service, message, meanMs, againstMeanMs }) => ({
      ...{ kind, step, service, message, meanMs, againstMeanMs },
    }));
}

async function sharesOf(
  store: LensReader,
  population: Population,
): Promise<(id: bigint) => readonly number[]> {
  if (population.used === 0) return () => [0, 0, 0];
  const { bandsMs } = population;
  const bands = [0, 2, 4].map((at) => ({ fromMs: bandsMs[at]!, toMs: bandsMs[at + 1]! }));
  const shares = await store.segmentShares(population, bands);
  const ofId = new Map(shares.map(({ id, shares: list }) => [id, list]));
  return (id) => ofId.get(id) ?? [0, 0, 0];
}

function presentSegment(
  { id, flows, ms, totalMs }: TraitCount,
  [shareAtP50 = 0, shareAtP90 = 0, shareAtP99 = 0]: readonly number[],
  { used }: Population,
  exampleFlowIds: string[],
  q: string,
): LatencySegment[] {
  const body = bodyOf('segment', id);
  if (body === null) return [];
  return [
    {
      id: hexOf(id),
      ...body,
      ...{ shareAtP50, shareAtP90, shareAtP99, flows, exampleFlowIds },
      ms: presentQuantiles(ms),
      meanMs: micros(totalMs / Math.max(1, used)),
      q: queryOf(q, `trait:${hexOf(id)}`),
    },
  ];
}

function kindsOf(chain: readonly LatencySegment[]): LatencyAnswer['kinds'] {
  const kinds = new Map<LatencySegment['kind'], LatencyAnswer['kinds'][number]>();
  for (const { kind, shareAtP50, shareAtP90, shareAtP99 } of chain) {
    const sum = kinds.get(kind) ?? { kind, shareAtP50: 0, shareAtP90: 0, shareAtP99: 0 };
    // By rounding, the shares may add up to slightly more than 1.
    sum.shareAtP50 = Math.min(1, sum.shareAtP50 + shareAtP50);
    sum.shareAtP90 = Math.min(1, sum.shareAtP90 + shareAtP90);
    sum.shareAtP99 = Math.min(1, sum.shareAtP99 + shareAtP99);
    kinds.set(kind, sum);
  }
  return [...kinds.values()].sort((a, b) => b.shareAtP50 - a.shareAtP50);
}

/** Returns roughly logarithmic bounds (1, 2 or 5 times a power of ten) that cover the durations. */
export function boundsFor({ p50, max }: Measured): number[] {
  if (max <= 0) return [];
  const bounds: number[] = [];
  const first = Math.floor(Math.log10(Math.max(p50, 0.01))) - 2;
  for (let power = first; bounds.length < MAX_ROWS; power++)
    for (const digit of [1, 2, 5]) {
      const bound = Number((digit * 10 ** power).toPrecision(1));
      if (bound >= max || bounds.length === MAX_ROWS) return bounds;
      bounds.push(bound);
    }
  return bounds;
}

async function heatmapOf(
  store: LensReader,
  population: Population,
  measured: Measured,
  points?: Points,
): Promise<Heatmap> {
  const bucketMs = bucketFor(population, HEATMAP_COLUMNS);
  const fromMs = Math.floor(population.firstAt / bucketMs) * bucketMs;
  const grid: Grid = { fromMs, bucketMs, boundsMs: boundsFor(measured) };
  const cells = population.total === 0 ? [] : await store.spread(population, grid, points);
  const ids = await store.examples(
    population,
    cells.map(({ example }) => example),
  );
  return heatmapFrom(grid, cells, ids);
}

function heatmapFrom(
  { fromMs, bucketMs, boundsMs }: Grid,
  cells: readonly SpreadCell[],
  ids: ReadonlyMap<string, string>,
): Heatmap {
  const columns = cells.reduce((most, { bucket }) => Math.max(most, bucket + 1), 0);
  const table = <T>(empty: T): T[][] =>
    Array.from({ length: boundsMs.length + 1 }, () => Array.from({ length: columns }, () => empty));
  const counts = table(0);
  const exemplars = table<string | null>(null);
  for (const { bucket, row, count, example } of cells) {
    counts[row]![bucket] = count;
    exemplars[row]![bucket] = ids.get(example) ?? null;
  }
  return {
    times: Array.from({ length: columns }, (_column, i) => iso(fromMs + i * bucketMs)),
    boundsMs: [...boundsMs],
    counts,
    exemplars,
  };
}

async function betweenOf(
  store: LensReader,
  population: Population,
  points: Points,
): Promise<Between> {
  const ms = await store.between(population, points);
  const heatmap = await heatmapOf(store, population, ms, points);
  const counts = heatmap.counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  return {
    ...points,
    ms: presentQuantiles(ms),
    histogram: { boundsMs: heatmap.boundsMs, counts },
    heatmap,
  };
}

async function whatIfOf(
  store: LensReader,
  population: Population,
  segment: string,
): Promise<WhatIf> {
  if (!/^[0-9a-f]{16}$/.test(segment))
    throw new FermataError('query.invalid', `halve: "${segment}" is no segment`, {
      hint: 'Segments have ids in `chain`.',
    });
  const flows = await store.sampleFlows(population, MAX_WHAT_IF_FLOWS);
  const before = flows.map((flow) => flow.durationMs);
  const after = flows.map((flow) => durationIf(flow, BigInt(`0x${segment}`), 0.5));
  return {
    segment,
    flows: flows.length,
    shorter: after.filter((ms, i) => ms < before[i]! - 0.001).length,
    beforeMs: presentQuantiles(quantilesOf(before)),
    afterMs: presentQuantiles(quantilesOf(after)),
  };
}

/** Returns quantiles by linear interpolation, which is how the store computes them. */
export function quantilesOf(values: readonly number[]): Measured {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (rank: number): number => {
    const place = rank * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? 0;
    return below + ((sorted[Math.ceil(place)] ?? below) - below) * (place % 1);
  };
  return {
    ...{ p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) },
    ...{ max: sorted.at(-1) ?? 0, count: sorted.length },
  };
}
