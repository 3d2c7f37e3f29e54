import { codeOf } from '../analyze/index.ts';
import type { Flow } from '../model/flow.ts';
import type { Param, QueryRows } from './connection/port.ts';
import type {
  LensReader,
  Measured,
  Points,
  Population,
  TraitCount,
  VariantCount,
} from './port/index.ts';
import { chunksOf } from './rows/chunked-reader.ts';
import { fromFlowRow, type StoredFlowRow } from './rows/flow.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import { WHOLE_FLOWS_BY_IDS } from './sql/flows.sql.ts';
import * as durations from './sql/durations.sql.ts';
import * as lenses from './sql/lenses.sql.ts';
import { searchWhere } from './sql/search.sql.ts';

/**
 * Number of flows above which quantiles come from a sample of about half as many. A quantile needs
 * all its values in memory.
 */
const MAX_EXACT = 100_000;
/**
 * Settings of lens reads: they look at every flow of a search, so they may take more memory than
 * the reads of a list.
 */
const SETTINGS = 'max_memory_usage = 4000000000';
/** Number of flows up to which they are looked up one by one (`flowsIn`). */
const MAX_FEW = 50_000;
const VERSION_CODE = codeOf('version');

export interface LensReaderOptions {
  query: QueryRows;
  readRows: ReadRows;
  now: () => number;
}

/** Reads what lenses count of many flows. */
export const createLensReader = (options: LensReaderOptions): LensReader => ({
  ...createTraitReader(options),
  ...createDurationReader(options),
});

/** Names the members of `LensReader` that measure how long flows take, and when they were. */
type DurationReader = Pick<LensReader, 'segmentShares' | 'spread' | 'between' | 'trend'>;

/** Reads rows for a population; readers of other files use it, too. */
export interface Reads {
  counted: (of: Pick<Population, 'search' | 'nowMs' | 'total'>) => {
    counted: lenses.Counted;
    params: Record<string, Param>;
  };
  read: <Row>(sql: string, params: Record<string, Param>) => Promise<Row[]>;
}

export function readsOf(query: QueryRows): Reads {
  const counted = ({ search, nowMs, total }: Pick<Population, 'search' | 'nowMs' | 'total'>) => {
    const { where, params } = searchWhere(search, nowMs);
    const oneOf = total > MAX_EXACT ? Math.ceil((2 * total) / MAX_EXACT) : 1;
    return { counted: { nowMs, where, oneOf, isFew: total < MAX_FEW }, params };
  };
  const read = <Row>(sql: string, params: Record<string, Param>): Promise<Row[]> =>
    query<Row>(sql, params, SETTINGS);
  return { counted, read };
}

function createTraitReader({
  query,
  readRows,
  now,
}: LensReaderOptions): Omit<LensReader, keyof DurationReader> {
  const reads = readsOf(query);
  const { counted, read } = reads;
  const wholeFlows = async (ids: readonly string[]): Promise<Flow[]> => {
    const flows: Flow[] = [];
    for (const some of chunksOf(ids)) {
      const rows = await read<StoredFlowRow>(WHOLE_FLOWS_BY_IDS, { ids: some });
      flows.push(...readRows(rows, (row) => fromFlowRow(row, now()).flow));
    }
    return flows;
  };

  return {
    async population(search) {
      const nowMs = now();
      const of = counted({ search, nowMs, total: 0 });
      const [row] = await read<PopulationRow>(lenses.population(of.counted), of.params);
      const total = Number(row?.total ?? 0);
      return {
        ...{ search, nowMs, total },
        used: Number(row?.used ?? 0),
        isSampled: total > MAX_EXACT,
        durationMs: measured(row && { ...row, measured: row.total }),
        bandsMs: (row?.bands ?? []).map(finite),
        firstAt: Number(row?.firstAt ?? 0),
        lastAt: Number(row?.lastAt ?? 0),
      };
    },
    async countTraits(population, of) {
      const { counted: by, params } = counted(population);
      const rows = await read<TraitRow>(lenses.traitCounts(by, of), params);
      return rows.map(traitCount);
    },
    async traitTrend(population, kind, { fromMs, bucketMs }) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ id: string; bucket: string; flows: string }>(
        lenses.traitTrend(by, kind, fromMs, bucketMs),
        params,
      );
      return rows.map(({ id, bucket, flows }) => ({
        ...{ id: BigInt(id), bucket: Number(bucket), flows: Number(flows) },
      }));
    },
    async failureOrigins(population, failures) {
      if (failures.length === 0) return [];
      const { counted: by, params } = counted(population);
      const rows = await read<{ failure: string; id: string; count: string; example: string }>(
        lenses.failureOrigins(by),
        { ...params, failures: failures.map(String) },
      );
      return rows.map(({ failure, id, count, example }) => ({
        ...{ failure: BigInt(failure), id: BigInt(id), count: Number(count), examples: [example] },
      }));
    },
    async directlyFollows(population, orderedBy, most) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ from: string; to: string; count: string }>(
        lenses.directlyFollows(by, orderedBy, most),
        params,
      );
      return rows.map(({ from, to, count }) => ({ from, to, count: Number(count) }));
    },
    async countVariants(population, most) {
      const { counted: by, params } = counted(population);
      const rows = await read<VariantRow>(lenses.variantCounts(by, most), params);
      return rows.map(variantCount);
    },
    variantDetails: (population, ids) => variantDetails(reads, population, ids),
    async sampleFlows(population, limit) {
      const { counted: by, params } = counted(population);
      const ids = await read<{ id: string }>(lenses.sampledIds(by, limit), params);
      return wholeFlows(ids.map(({ id }) => id));
    },
    wholeFlows,
    async countAttributes(population, flows, most) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ id: string }>(lenses.sampledIds(by, flows), params);
      const ids = rows.map(({ id }) => id);
      if (ids.length === 0) return { of: 0, items: [] };
      const items = await read<KeyRow>(lenses.attributeCounts(most), { ids });
      return { of: ids.length, items: items.map(keyCount) };
    },
    async countStatuses(population) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ type: string; status: string; flows: string }>(
        lenses.statusCounts(by),
        params,
      );
      return rows.map(({ type, status, flows }) => ({ type, status, flows: Number(flows) }));
    },
    async countKeys(population, most) {
      const { counted: by, params } = counted(population);
      const rows = await read<KeyRow>(lenses.keyCounts(by, most), params);
      return rows.map(keyCount);
    },
    async examples(hashes) {
      if (hashes.length === 0) return new Map<string, string>();
      const rows = await read<{ hash: string; id: string }>(lenses.EXAMPLES, {
        hashes: [...new Set(hashes)],
      });
      return new Map(rows.map(({ hash, id }) => [hash, id]));
    },
  };
}

/** Counts how flows of these variants ended, and finds versions that they have. */
async function variantDetails(
  { counted, read }: Reads,
  population: Population,
  ids: readonly bigint[],
): ReturnType<LensReader['variantDetails']> {
  if (ids.length === 0) return { outcomes: [], versions: [] };
  const { counted: by, params } = counted(population);
  const all = { ...params, variants: ids.map(String) };
  const [outcomes, versions] = await Promise.all([
    read<{ id: string; status: string; flows: string }>(lenses.variantOutcomes(by), all),
    read<{ id: string; version: string; example: string }>(
      lenses.variantVersions(by, VERSION_CODE),
      all,
    ),
  ]);
  return {
    outcomes: outcomes.map(({ id, status, flows }) => ({
      ...{ id: BigInt(id), status, flows: Number(flows) },
    })),
    versions: versions.map(({ id, version, example }) => ({
      ...{ variant: BigInt(id), id: BigInt(version), examples: [example] },
    })),
  };
}

function createDurationReader({ query }: LensReaderOptions): DurationReader {
  const { counted, read } = readsOf(query);
  const pointsOf = (points: Points | undefined): Record<string, Param> =>
    points === undefined ? {} : { pointFrom: points.from, pointTo: points.to };
  return {
    async segmentShares(population, bands) {
      const { counted: by, params } = counted(population);
      const rows = await read<Record<string, string | number>>(
        durations.segmentShares(by, bands),
        params,
      );
      const sums = (row: (typeof rows)[number] | undefined): number[] =>
        bands.map((_band, i) => finite(row?.[`band${i}`]));
      const all = sums(rows.find(({ id }) => id === '0'));
      return rows
        .filter(({ id }) => id !== '0')
        .map((row) => ({
          id: BigInt(row['id'] as string),
          shares: sums(row).map((ms, i) => (all[i]! > 0 ? ms / all[i]! : 0)),
        }));
    },
    async spread(population, { fromMs, bucketMs, boundsMs }, points) {
      const { counted: by, params } = counted(population);
      const rows = await read<{ bucket: string; row: number; count: string; example: string }>(
        durations.spread(by, fromMs, bucketMs, boundsMs, points !== undefined),
        { ...params, ...pointsOf(points) },
      );
      return rows.map(({ bucket, row, count, example }) => ({
        ...{ bucket: Number(bucket), row: Number(row), count: Number(count), example },
      }));
    },
    async between(population, points) {
      const { counted: by, params } = counted(population);
      const all = { ...params, ...pointsOf(points) };
      const [row] = await read<MeasuredRow>(durations.between(by), all);
      return measured(row);
    },
    async trend(population, bucketMs, trendBy) {
      const { counted: by, params } = counted(population);
      const rows = await read<MeasuredRow & { bucket: string; value: string; flows: string }>(
        durations.trend(by, bucketMs, trendBy),
        params,
      );
      return rows.map(({ bucket, value, flows, ...row }) => ({
        ...{ bucket: Number(bucket), value, flows: Number(flows) },
        durationMs: measured({ ...row, measured: flows }),
      }));
    },
  };
}

interface KeyRow {
  name: string;
  value: string;
  flows: string;
}
const keyCount = ({ name, value, flows }: KeyRow) => ({ name, value, flows: Number(flows) });

export interface MeasuredRow {
  quantiles: (number | null)[];
  max: number;
  measured: string;
}
interface PopulationRow extends Omit<MeasuredRow, 'measured'> {
  total: string;
  used: string;
  bands: number[];
  firstAt: string;
  lastAt: string;
}
type Counts =
  | 'count'
  | 'flows'
  | 'failed'
  | 'retried'
  | 'compensated'
  | 'running'
  | 'deadLettered'
  | 'due'
  | 'totalMs'
  | 'newestMs'
  | 'leastMs'
  | 'mostMs'
  | 'number'
  | 'rank'
  | 'firstAt'
  | 'lastAt';
type TraitRow = MeasuredRow & { id: string; type: string; examples: string[] } & Record<
    Counts,
    string | number
  >;
type VariantRow = Omit<MeasuredRow, 'measured'> & {
  id: string;
  flows: string;
  firstAt: string;
  lastAt: string;
  examples: string[];
};

/** Returns the value as a number; 0 for what the engine writes for the mean of nothing. */
const finite = (value: unknown): number => {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
};

export function measured(row: Partial<MeasuredRow> | undefined): Measured {
  const [p50, p90, p95, p99] = row?.quantiles ?? [];
  return {
    p50: finite(p50),
    p90: finite(p90),
    p95: finite(p95),
    p99: finite(p99),
    max: finite(row?.max),
    count: finite(row?.measured),
  };
}

function traitCount({
  id,
  type,
  examples,
  quantiles,
  max,
  measured: count,
  ...rest
}: TraitRow): TraitCount {
  const counts = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, finite(value)]),
  ) as Record<Counts, number>;
  return {
    ...counts,
    id: BigInt(id),
    type,
    ms: measured({ quantiles, max, measured: count }),
    examples: [...new Set(examples)],
  };
}

const variantCount = (row: VariantRow): VariantCount => ({
  id: BigInt(row.id),
  flows: Number(row.flows),
  durationMs: measured({ ...row, measured: row.flows }),
  firstAt: Number(row.firstAt),
  lastAt: Number(row.lastAt),
  examples: [...new Set(row.examples)],
});
