import { codeOf } from '../analyze/index.ts';
import type { Flow } from '../model/flow.ts';
import { allAlike, startOfSearch, withoutStart, type FlowSearch } from '../model/search.ts';
import { nanosFromMs } from '../model/time.ts';
import type { QueryRows } from './connection/port.ts';
import type { LensReader, Population } from './port/index.ts';
import { chunksOf } from './rows/chunked-reader.ts';
import { createDurationReader, type DurationReader } from './duration-reader.ts';
import { MAX_EXACT, readsOf, uncounted, type Asked, type Reads } from './population-reads.ts';
import { fromFlowRow, type StoredFlowRow } from './rows/flow.ts';
import {
  finite,
  attributeCount,
  measured,
  traitCount,
  variantCount,
  versionRuns,
  type ComparedRow,
  type KeyRow,
  type PopulationRow,
  type TraitRow,
  type VariantRow,
  type VersionRow,
} from './rows/lens.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import { WHOLE_FLOWS_BY_IDS } from './sql/flows.sql.ts';
import * as comparison from './sql/comparison.sql.ts';
import * as lenses from './sql/lenses.sql.ts';
import {
  EXAMPLES,
  population as populationOf,
  rowsBetween,
  type Counted,
} from './sql/population.sql.ts';
import { searchWhere } from './sql/search.sql.ts';
import { versionRuns as versionRunsOf, versionsAmong } from './sql/versions.sql.ts';

/**
 * Maximum number of flows whose ids are kept and reused in later queries for the same answer, and
 * maximum total length of these ids, in characters. They are limited because the ids become part of
 * each query.
 */
const MAX_KNOWN = 5000;
const MAX_KNOWN_CHARACTERS = 90_000;
const VERSION_CODE = codeOf('version');

export interface LensReaderOptions {
  query: QueryRows;
  readRows: ReadRows;
  now: () => number;
}

/** Creates the reader that counts over many flows. */
export const createLensReader = (options: LensReaderOptions): LensReader => ({
  ...createTraitReader(options),
  ...createDurationReader(options.query),
});

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
      const of = counted(uncounted(search, nowMs, await mostOf(reads, search, nowMs)));
      const [row] = await read<PopulationRow>(populationOf(of.counted, MAX_KNOWN), of.params);
      const total = Number(row?.total ?? 0);
      return {
        ...{ search, nowMs, total },
        used: Number(row?.used ?? 0),
        open: Number(row?.open ?? 0),
        isSampled: total > MAX_EXACT,
        known: knownOf(row),
        types: row?.types ?? [],
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
    async countHaving(population, groups) {
      if (groups.length === 0) return [];
      const { counted: by, params } = counted(population);
      const sql = lenses.havingEdges(by, groups);
      const rows = await read<{ type: string; flows: string[] }>(sql, params);
      return rows.map(({ type, flows }) => ({ type, flows: flows.map(Number) }));
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
    versionRuns: (population, versions) => readVersionRuns(reads, population, versions),
    async countVariants(population, most) {
      const { counted: by, params } = counted(population);
      const rows = await read<VariantRow>(lenses.variantCounts(by, most), params);
      return rows.map(variantCount);
    },
    async variantsBefore(population, ids) {
      if (ids.length === 0 || startOfSearch(population.search) === null) return new Set();
      const earlier = before(population, withoutStart(population.search));
      return idsOf(reads, earlier, lenses.variantsAmong, { variants: ids.map(String) });
    },
    async versionsBefore(population, ids) {
      if (ids.length === 0) return new Set();
      const earlier = before(population, allAlike(population.search));
      return idsOf(reads, earlier, versionsAmong, { versions: ids.map(String) });
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
      return { of: ids.length, items: items.map(attributeCount) };
    },
    compare: (here, there, of) => compare(reads, here, there, of),
    async examples({ known }, hashes) {
      if (hashes.length === 0) return new Map<string, string>();
      if (known !== null) return known;
      const rows = await read<{ hash: string; id: string }>(EXAMPLES, {
        hashes: [...new Set(hashes)],
      });
      return new Map(rows.map(({ hash, id }) => [hash, id]));
    },
  };
}

/**
 * Returns a number that the flows of a search do not exceed. Rows of some types and starts are
 * counted fast, as they lie together; of other searches the number is not known.
 */
async function mostOf({ read }: Reads, search: FlowSearch, nowMs: number): Promise<number> {
  const { types, from, to } = search;
  if (from === undefined && to === undefined && !types?.length) return Infinity;
  const { where, params } = searchWhere(
    {
      limit: 1,
      ...(types && { types }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    },
    nowMs,
  );
  const [row] = await read<{ rows: string }>(rowsBetween(where), params);
  return Number(row?.rows ?? 0);
}

/**
 * Returns the ids of all flows by their hashes; null if there are too many flows or their ids and
 * types are too long together.
 */
function knownOf(row: PopulationRow | undefined): Population['known'] {
  const pairs = row?.known ?? [];
  const names = [...pairs.map(([, id]) => id), ...(row?.types ?? [])];
  const characters = names.reduce((sum, name) => sum + name.length, 0);
  return pairs.length === Number(row?.total ?? 0) && characters <= MAX_KNOWN_CHARACTERS
    ? new Map(pairs)
    : null;
}

/**
 * Counts traits, keys and statuses in two populations, with one query each over the flows of both.
 */
async function compare(
  { counted, read }: Reads,
  here: Population,
  there: Population,
  of: Parameters<LensReader['compare']>[2],
): ReturnType<LensReader['compare']> {
  const known = here.known && there.known && new Map([...here.known, ...there.known]);
  const some = here.total === 0 ? [there] : there.total === 0 ? [here] : [here, there];
  const bounds = {
    types: [...new Set(some.flatMap(({ types }) => types))],
    firstAt: Math.min(...some.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...some.map(({ lastAt }) => lastAt)),
  };
  const mine = searchWhere(here.search, here.nowMs);
  const others = searchWhere(there.search, there.nowMs, 'there_');
  const total = here.total + there.total;
  const { counted: by, params } = counted({ ...here, ...bounds, total, known });
  const compared = {
    either: { ...by, where: `((${mine.where}) OR (${others.where}))` },
    ...{ here: mine.where, there: others.where, hereFlows: here.used, thereFlows: there.used },
  };
  const all = { ...params, ...mine.params, ...others.params };
  const [traits, keys, statuses] = await Promise.all([
    read<ComparedRow<'id'> & { examples: string[] }>(comparison.comparedTraits(compared, of), all),
    read<ComparedRow<'name' | 'value'>>(comparison.comparedKeys(compared, of.most), all),
    read<ComparedRow<'type' | 'status'>>(comparison.comparedStatuses(compared), all),
  ]);
  const numbers = <Row extends ComparedRow<never>>(row: Row) => ({
    ...{ ...row, here: Number(row.here), there: Number(row.there) },
  });
  return {
    traits: traits.map((row) => ({ ...numbers(row), id: BigInt(row.id) })),
    keys: keys.map(numbers),
    statuses: statuses.map(numbers),
    known,
  };
}

/** Reads which version flows ran, one after the other by their start. */
async function readVersionRuns(
  { counted, read }: Reads,
  population: Population,
  versions: readonly bigint[][],
): ReturnType<LensReader['versionRuns']> {
  if (versions.length === 0) return [];
  const { counted: by, params } = counted(population);
  const rows = await read<VersionRow>(versionRunsOf(by), {
    ...params,
    versions: versions.flat().map(String),
    services: versions.flatMap((ids, i) => ids.map(() => String(i))),
  });
  return versionRuns(rows);
}

/** Returns the flows that a search finds before the first flow of a population. */
const before = ({ nowMs, firstAt }: Population, search: FlowSearch): Asked =>
  uncounted({ ...search, to: nanosFromMs(firstAt) }, nowMs);
/** Returns those of some ids that a query finds in flows. */
async function idsOf(
  { counted, read }: Reads,
  flows: Asked,
  sqlOf: (counted: Counted) => string,
  ids: Record<string, string[]>,
): Promise<Set<bigint>> {
  const of = counted(flows);
  const rows = await read<{ id: string }>(sqlOf(of.counted), { ...of.params, ...ids });
  return new Set(rows.map(({ id }) => BigInt(id)));
}

/**
 * Counts the outcomes of the flows of each variant, and finds the service versions in these flows.
 */
async function variantDetails(
  { counted, read }: Reads,
  population: Population,
  ids: readonly bigint[],
): ReturnType<LensReader['variantDetails']> {
  if (ids.length === 0) return { outcomes: [], versions: [] };
  const { counted: by, params } = counted(population);
  const all = { ...params, variants: ids.map(String) };
  const [outcomes, versions] = await Promise.all([
    read<{ id: string; type: string; status: string; flows: string }>(
      lenses.variantOutcomes(by),
      all,
    ),
    read<{ id: string; version: string; example: string }>(
      lenses.variantVersions(by, VERSION_CODE),
      all,
    ),
  ]);
  return {
    outcomes: outcomes.map((one) => ({ ...one, id: BigInt(one.id), flows: Number(one.flows) })),
    versions: versions.map(({ id, version, example }) => ({
      ...{ variant: BigInt(id), id: BigInt(version), examples: [example] },
    })),
  };
}
