import { hexOf } from '../../analyze/index.ts';
import type { FailureGroup, FailuresAnswer } from '../../contract/index.ts';
import type { FailureNotes } from '../failure-notes.ts';
import { startOfSearch } from '../../model/search.ts';
import { msOf } from '../../model/time.ts';
import type { LensReader, Population, TraitCount } from '../../store/index.ts';
import { iso } from '../present.ts';
import { present, queryOf } from './population.ts';
import { bodyOf, examplesOf, learnNames } from './trait-names.ts';

const TREND_PARTS = 24;
const MAX_EXAMPLES = 5;
/** Maximum number of versions, and of instances, of a group. */
const MAX_ORIGINS = 20;
/** Maximum number of groups, counted by flow type, that are read from the store. */
const MOST = 10_000;

export interface FailureOptions {
  limit: number;
  notes: FailureNotes;
}

/**
 * Lens: failures in groups of one cause, which is the type and pattern of the error, the step, and
 * the message that the step handled.
 */
export async function failuresLens(
  store: LensReader,
  population: Population,
  q: string,
  { limit, notes }: FailureOptions,
): Promise<FailuresAnswer> {
  const { fromMs, partMs } = partsOf(population);
  const [byType, trend] = await Promise.all([
    store.countTraits(population, {
      ...{ families: ['other'], kinds: ['failure'], most: MOST, byType: true },
      measures: ['range'],
    }),
    store.traitTrend(population, 'failure', { fromMs, bucketMs: partMs }),
  ]);
  const groups = overTypes(byType);
  const shown = groups.slice(0, limit);
  const ids = shown.map(({ id }) => id);
  const origins = await store.failureOrigins(population, ids);
  await learnNames(store, population, [...shown, ...origins]);
  const flowsOf = await examplesOf(store, population, shown);
  const told = await notes.all();
  return {
    ...present(population),
    items: shown.flatMap((group) => {
      const body = bodyOf('failure', group.id);
      if (body === null) return [];
      const fingerprint = hexOf(group.id);
      const { type, message, trigger, ...where } = body;
      const item: FailureGroup = {
        fingerprint,
        error: { type, message },
        ...where,
        message: trigger,
        count: group.count,
        flows: group.flows,
        flowTypes: byType
          .filter(({ id }) => id === group.id)
          .map((one) => ({ type: one.type, flows: one.flows })),
        trend: trendOf(trend, group.id),
        firstAt: iso(group.leastMs),
        lastAt: iso(group.mostMs),
        ...originsOf(origins, group.id),
        mendedByRetry: group.retried,
        deadLettered: group.deadLettered,
        ...notes.of(told, fingerprint, group.mostMs),
        exampleFlowIds: flowsOf(group),
        q: queryOf(q, `trait:${fingerprint}`),
      };
      return [item];
    }),
    trend:
      population.total === 0 ? null : { from: iso(fromMs), to: iso(fromMs + TREND_PARTS * partMs) },
    others: {
      groups: groups.length - shown.length,
      count: groups.slice(limit).reduce((sum, { count }) => sum + count, 0),
    },
  };
}

/**
 * Returns the parts of a trend: of the time that was asked for, as far as it is over, or else from
 * the first flow to the last. Of an asked time the part after the last flow matters most: without
 * it an error that is over would seem to go on.
 */
function partsOf({ search, firstAt, lastAt, nowMs }: Population): {
  fromMs: number;
  partMs: number;
} {
  const start = startOfSearch(search);
  const fromMs = start === null ? firstAt : msOf(start);
  const askedMs = search.to === undefined ? nowMs : Math.min(msOf(search.to), nowMs);
  const toMs = start === null ? lastAt : Math.max(lastAt, askedMs);
  return { fromMs, partMs: Math.max(1, Math.ceil((toMs + 1 - fromMs) / TREND_PARTS)) };
}

/**
 * Sums the counts of each group over all flow types. Returns the groups, those with most flows
 * first.
 */
function overTypes(byType: readonly TraitCount[]): TraitCount[] {
  const groups = new Map<bigint, TraitCount>();
  for (const one of byType) {
    const sum = groups.get(one.id);
    if (sum === undefined) groups.set(one.id, { ...one });
    else {
      for (const counted of ['count', 'flows', 'retried', 'deadLettered'] as const)
        sum[counted] += one[counted];
      sum.leastMs = Math.min(sum.leastMs, one.leastMs);
      sum.mostMs = Math.max(sum.mostMs, one.mostMs);
      sum.examples = [...sum.examples, ...one.examples].slice(0, MAX_EXAMPLES);
    }
  }
  return [...groups.values()].sort((a, b) => b.flows - a.flows);
}

function trendOf(
  trend: readonly { id: bigint; bucket: number; flows: number }[],
  id: bigint,
): number[] {
  const parts = Array.from({ length: TREND_PARTS }, () => 0);
  for (const one of trend)
    if (one.id === id && one.bucket >= 0 && one.bucket < TREND_PARTS) parts[one.bucket] = one.flows;
  return parts;
}

/** Returns the versions, instances and functions of one failure, the most frequent first. */
function originsOf(
  origins: Awaited<ReturnType<LensReader['failureOrigins']>>,
  failure: bigint,
): Pick<FailureGroup, 'versions' | 'instances' | 'frames'> {
  const mine = origins.filter((one) => one.failure === failure);
  const named = <K extends 'failedVersion' | 'failedInstance' | 'frames'>(kind: K) =>
    mine.flatMap(({ id, count }) => {
      const body = bodyOf(kind, id);
      return body === null ? [] : [{ ...body, count }];
    });
  return {
    versions: named('failedVersion')
      .filter(({ version }) => version !== '')
      .slice(0, MAX_ORIGINS),
    instances: named('failedInstance')
      .filter(({ instance }) => instance !== '')
      .slice(0, MAX_ORIGINS),
    frames: named('frames')[0]?.frames ?? [],
  };
}
