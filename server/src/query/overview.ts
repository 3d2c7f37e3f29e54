import { kindOf } from '../analyze/index.ts';
import type { Held, Overview, TypeOverview } from '../contract/index.ts';
import type { Incident } from '../model/incident.ts';
import type { FlowSearch } from '../model/search.ts';
import { nanosFromMs } from '../model/time.ts';
import type {
  FlowTypeRow,
  QueryStore,
  ServiceHeard,
  TraitCount,
  TypeCount,
} from '../store/index.ts';
import { quoted } from './lenses/population.ts';
import { bodyOf, examplesOf, learnNames } from './lenses/trait-names.ts';
import { trendLens } from './lenses/trend.ts';
import { iso } from './present.ts';
import { silentFrom } from './silent-services.ts';

/** Maximum number of awaited steps that are listed; `MAX_TYPES` is that of flow types. */
const MAX_HELD = 50;
const MAX_TYPES = 200;
/** Maximum number of flow types that are counted. */
const MAX_COUNTED = 5000;
const SLOTS = 60;
/**
 * Number of flows of a type from which on the type is judged by what was learned (docs/alerts.md).
 */
const MATURE_FLOWS = 100;
export interface OverviewOptions {
  /** Filter of the flows. Its time is ignored. */
  search: FlowSearch;
  /**
   * The period in which flows started that are counted, epoch ms. The slots begin a little earlier
   * and end later, so that they are of equal length and begin at whole multiples of it.
   */
  fromMs: number;
  toMs: number;
  /**
   * False if the period ends now. Flows that began later, by the clock of their sender, then count
   * as well.
   */
  isEndAsked: boolean;
  incidents: readonly Incident[];
  /** Returns how many flows of a type were learned from. */
  learned: (type: string, environment: string) => number;
}

/** Computes the answer for the overview page (`Overview` in the contract). */
export async function overviewOf(
  store: QueryStore,
  { search, fromMs, toMs, isEndAsked, incidents, learned }: OverviewOptions,
): Promise<Overview> {
  // One slot fewer covers the period, since its start rarely is the start of a slot.
  const bucketMs = 1000 * Math.max(1, Math.ceil((toMs - fromMs) / (SLOTS - 1) / 1000));
  const end = Math.ceil(toMs / bucketMs);
  const slots = { fromMs: (end - SLOTS) * bucketMs, bucketMs };
  const time = {
    from: nanosFromMs(Math.max(0, fromMs)),
    ...(isEndAsked && { to: nanosFromMs(toMs) }),
  };
  const [population, held, allTypes, services] = await Promise.all([
    store.population({ ...search, ...time }),
    heldNow(store, search, slots, incidents),
    store.flowTypes(time.from),
    store.servicesHeard(),
  ]);
  const [trend, types] = await Promise.all([
    trendLens(store, population, { by: 'status', bucketMs, incidents }),
    store.countTypes(population, MAX_COUNTED, bucketMs),
  ]);
  const isAsked = ({ environment }: { environment: string }): boolean =>
    search.environments === undefined || search.environments.includes(environment);
  const known = allTypes.items.filter(isAsked);
  const sum = (of: 'stuck' | 'late' | 'open'): number =>
    known.reduce((all, type) => all + type[of], 0);
  return {
    asOf: iso(population.nowMs),
    ...{ since: iso(fromMs), from: iso(slots.fromMs), to: iso(end * bucketMs), slots: SLOTS },
    ...{ stuck: sum('stuck'), late: sum('late'), open: sum('open') },
    started: population.total,
    failed: types.reduce((all, { failed }) => all + failed, 0),
    held: held.slice(0, MAX_HELD),
    heldMore: Math.max(0, held.length - MAX_HELD),
    types: known
      .slice(0, MAX_TYPES)
      .map((row) => typeOf(row, types, end - SLOTS, learned(row.type, row.environment))),
    trend: { bucketMs, buckets: trend.buckets, annotations: trend.annotations },
    silent: services
      .filter(isAsked)
      .filter((row) => isSilent(row, population.nowMs))
      .map(silentOf),
  };
}

interface Slots {
  fromMs: number;
  bucketMs: number;
}

/** Returns the steps that late and stuck flows wait for, the most frequent first. */
async function heldNow(
  store: QueryStore,
  search: FlowSearch,
  slots: Slots,
  incidents: readonly Incident[],
): Promise<Held[]> {
  const population = await store.population({ ...search, statuses: ['late', 'stuck'] });
  if (population.total === 0) return [];
  const [counts, trend] = await Promise.all([
    store.countTraits(population, {
      ...{ families: ['other'], kinds: ['late', 'stuck'], most: 1000, byType: true },
      measures: ['due', 'range'],
    }),
    store.heldTrend(population, slots),
  ]);
  const due = counts.filter((trait) => trait.due > 0);
  await learnNames(store, population, due);
  const flowsOf = await examplesOf(store, population, due);
  const groups = new Map<string, Gathered>();
  for (const trait of due) gather(groups, trait, flowsOf(trait));
  return [...groups.values()]
    .map((group) => presentHeld(group, trend, incidents))
    .sort((a, b) => b.stuck - a.stuck || b.late - a.late);
}

interface Gathered {
  step: string;
  service: string;
  lateIds: Set<bigint>;
  stuck: number;
  /** Number of flows that became late at some time, including those that are stuck now. */
  late: number;
  sinceMs: number;
  flowTypes: Set<string>;
  exampleFlowIds: string[];
}

function gather(groups: Map<string, Gathered>, trait: TraitCount, examples: string[]): void {
  const stuck = bodyOf('stuck', trait.id);
  const body = stuck ?? bodyOf('late', trait.id);
  if (body === null) return;
  const { step, service } = body;
  const name = JSON.stringify([service, step]);
  const group = groups.get(name) ?? {
    ...{ step, service, stuck: 0, late: 0, sinceMs: Infinity },
    ...{ lateIds: new Set(), flowTypes: new Set(), exampleFlowIds: [] },
  };
  if (stuck !== null) group.stuck += trait.due;
  else {
    group.late += trait.due;
    group.lateIds.add(trait.id);
    group.sinceMs = Math.min(group.sinceMs, trait.leastMs);
  }
  group.flowTypes.add(trait.type);
  group.exampleFlowIds = [...new Set([...group.exampleFlowIds, ...examples])].slice(0, 3);
  groups.set(name, group);
}

function presentHeld(
  { step, service, stuck, late, sinceMs, lateIds, flowTypes, exampleFlowIds }: Gathered,
  trend: readonly { id: bigint; bucket: number; flows: number }[],
  incidents: readonly Incident[],
): Held {
  const added = Array.from({ length: SLOTS }, () => 0);
  for (const { id, bucket, flows } of trend)
    if (kindOf(id) === 'late' && lateIds.has(id))
      added[Math.min(SLOTS - 1, Math.max(0, bucket))]! += flows;
  let sum = 0;
  const incident = incidents.find(
    (one) =>
      one.status === 'open' &&
      one.parts.some((part) => part.step === step && (part.service ?? '') === service),
  );
  return {
    ...{ step, service, stuck, late: Math.max(0, late - stuck) },
    since: iso(sinceMs),
    grew: added.map((flows) => (sum += flows)),
    flowTypes: [...flowTypes].sort(),
    incidentId: incident?.id ?? null,
    drainPerMinute: incident?.drainPerMinute ?? null,
    drainedAt: incident?.etaAt == null ? null : iso(incident.etaAt),
    exampleFlowIds,
    q: `missing:${quoted(step)} (status:stuck or status:late)`,
  };
}

/** Returns the number of flows in each slot. `first` is the bucket of the first slot. */
function spread(rows: readonly { bucket: number; flows: number }[], first: number): number[] {
  const slots = Array.from({ length: SLOTS }, () => 0);
  for (const { bucket, flows } of rows)
    slots[Math.min(SLOTS - 1, Math.max(0, bucket - first))]! += flows;
  return slots;
}

function typeOf(
  row: FlowTypeRow,
  counts: readonly TypeCount[],
  firstBucket: number,
  learned: number,
): TypeOverview {
  const now = counts.find(
    ({ type, environment }) => type === row.type && environment === row.environment,
  );
  return {
    ...{ type: row.type, environment: row.environment },
    started: spread(now?.starts ?? [], firstBucket),
    ...{ flows: now?.flows ?? 0, failed: now?.failed ?? 0 },
    ...{ open: row.open, stuck: row.stuck, late: row.late },
    ...{ p50Ms: now?.durationMs.p50 ?? 0, p95Ms: now?.durationMs.p95 ?? 0 },
    ...{ usualP50Ms: row.usualP50Ms, usualP95Ms: row.usualP95Ms },
    isYoung: learned < MATURE_FLOWS,
    lastStartedAt: iso(msOf(row.lastStarted)),
  };
}

const msOf = (nanos: string): number => Number(BigInt(nanos) / 1_000_000n);

function isSilent(service: ServiceHeard, nowMs: number): boolean {
  const from = silentFrom(service);
  return from !== null && nanosFromMs(nowMs) > from;
}
const silentOf = ({ name, environment, lastSeen }: ServiceHeard): Overview['silent'][number] => ({
  ...{ service: name, environment, lastSeenAt: iso(msOf(lastSeen)) },
});
