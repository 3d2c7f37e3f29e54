import { FermataError } from '../../base/errors.ts';
import type { TrendAnswer } from '../../contract/index.ts';
import type { Incident } from '../../model/incident.ts';
import type { LensReader, Population, TraitCount, TrendBy } from '../../store/index.ts';
import { iso } from '../present.ts';
import { present, presentQuantiles } from './population.ts';
import { bodyOf, learnNames } from './trait-names.ts';
import { versionReturns } from './version-returns.ts';

const WEEK_MS = 7 * 86_400_000;
/** Usual lengths of buckets, from a second to a week. */
const LENGTHS_MS = [
  ...[1, 5, 15, 30].map((s) => s * 1000),
  ...[1, 5, 15, 30].map((m) => m * 60_000),
  ...[1, 3, 6, 12].map((h) => h * 3_600_000),
  ...[86_400_000, WEEK_MS],
];
export const WANTED_BUCKETS = 60;
const MAX_BUCKETS = 1000;
const MAX_ANNOTATIONS = 100;
/** Minimum share of flows that a new variant must have to be shown as an annotation. */
const MIN_VARIANT_SHARE = 0.01;

/**
 * Returns the shortest usual length of bucket with which at most `wanted` buckets cover the
 * population. Above a week it is a multiple of a week, because a flow with a wrong clock may lie
 * decades before the others.
 */
export const bucketFor = ({ firstAt, lastAt }: Population, wanted = WANTED_BUCKETS): number =>
  LENGTHS_MS.find((ms) => lastAt - firstAt <= ms * wanted) ??
  WEEK_MS * Math.ceil((lastAt - firstAt) / wanted / WEEK_MS);

export interface TrendOptions {
  by: TrendBy;
  bucketMs?: number | undefined;
  incidents: readonly Incident[];
}

/**
 * Lens: how many flows started over time, divided by a field, how long they took, and what changed
 * meanwhile.
 */
export async function trendLens(
  store: LensReader,
  population: Population,
  { by, bucketMs = bucketFor(population), incidents }: TrendOptions,
): Promise<TrendAnswer> {
  if ((population.lastAt - population.firstAt) / bucketMs > MAX_BUCKETS)
    throw new FermataError('query.invalid', `that is more than ${MAX_BUCKETS} buckets`, {
      hint: 'Ask for longer buckets, or for less time.',
    });
  const [rows, annotations] = await Promise.all([
    store.trend(population, bucketMs, by),
    annotationsOf(store, population, incidents),
  ]);
  const buckets = new Map<number, TrendAnswer['buckets'][number]>();
  for (const { bucket, value, flows, durationMs } of rows) {
    if (value === '') {
      const counts = buckets.get(bucket)?.counts ?? {};
      const at = iso(bucket * bucketMs);
      buckets.set(bucket, { at, flows, counts, durationMs: presentQuantiles(durationMs) });
    }
  }
  for (const { bucket, value, flows } of rows)
    if (value !== '') buckets.get(bucket)!.counts[value] = flows;
  return {
    ...present(population),
    ...{ by, bucketMs },
    buckets: [...buckets].sort(([a], [b]) => a - b).map(([, bucket]) => bucket),
    annotations,
  };
}

/** Returns the changes within the time of the population: new versions, new variants, incidents. */
async function annotationsOf(
  store: LensReader,
  population: Population,
  incidents: readonly Incident[],
): Promise<TrendAnswer['annotations']> {
  const [versions, variants] = await Promise.all([
    store.countTraits(population, {
      families: ['mark'],
      kinds: ['version'],
      most: 500,
      measures: ['times'],
    }),
    store.countVariants(population, 100),
  ]);
  const isNew = ({ firstAt }: { firstAt: number }): boolean => firstAt > population.firstAt;
  await learnNames(store, population, versions);
  const candidates = variants.filter(
    (variant) => isNew(variant) && variant.flows >= population.used * MIN_VARIANT_SHARE,
  );
  const several = severalOf(versions);
  const changes = several.flat().filter(isNew);
  const [variantsBefore, versionsBefore] = await Promise.all([
    store.variantsBefore(population, idsOf(candidates)),
    store.versionsBefore(population, idsOf(changes)),
  ]);
  const newVersions = changes.filter(({ id }) => !versionsBefore.has(id));
  const newVariants = candidates.filter(({ id }) => !variantsBefore.has(id));
  await learnNames(store, population, newVariants);
  const types = population.search.types;
  return [
    ...newVersions.flatMap(({ id, firstAt }) => {
      const body = bodyOf('version', id);
      return body === null
        ? []
        : [{ atMs: firstAt, kind: 'version' as const, text: `${body.service} ${body.version}` }];
    }),
    ...(await returnsOf(store, population, several)),
    ...newVariants.flatMap(({ id, firstAt }) => {
      const body = bodyOf('variant', id);
      return body === null
        ? []
        : [{ atMs: firstAt, kind: 'variant' as const, text: body.steps.join(' → ') }];
    }),
    ...incidents
      .filter(
        ({ firstAt, flowType }) =>
          firstAt >= population.firstAt &&
          firstAt <= population.nowMs &&
          (types === undefined || flowType === null || types.includes(flowType)),
      )
      .map(({ firstAt, title }) => ({ atMs: firstAt, kind: 'incident' as const, text: title })),
  ]
    .sort((a, b) => a.atMs - b.atMs)
    .slice(0, MAX_ANNOTATIONS)
    .map(({ atMs, kind, text }) => ({ at: iso(atMs), kind, text }));
}

const idsOf = (traits: readonly { id: bigint }[]): bigint[] => traits.map(({ id }) => id);

/** Returns the versions of each service of which flows ran several. */
function severalOf(versions: readonly TraitCount[]): TraitCount[][] {
  const ofService = new Map<string, TraitCount[]>();
  for (const one of versions) {
    const body = bodyOf('version', one.id);
    if (body !== null) ofService.set(body.service, [...(ofService.get(body.service) ?? []), one]);
  }
  return [...ofService.values()].filter((ofOne) => ofOne.length > 1);
}

/** Returns versions that came back, of services of which flows ran several. */
async function returnsOf(
  store: LensReader,
  population: Population,
  several: readonly TraitCount[][],
): Promise<{ atMs: number; kind: 'version'; text: string }[]> {
  const runs = await store.versionRuns(population, several.map(idsOf));
  const nameOf = (id: bigint): string => bodyOf('version', id)?.version ?? '';
  return runs.flatMap((ofOne) =>
    versionReturns(ofOne).map(({ version, after, atMs }) => ({
      ...{ atMs, kind: 'version' as const },
      text: `${bodyOf('version', version)?.service} ${nameOf(version)} is back, after ${nameOf(after)}`,
    })),
  );
}
