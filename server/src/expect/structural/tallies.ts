import { wilson } from '../learned/outcome-sets.ts';
import { createWaits, type StoredWaits, type Waits } from '../learned/waits.ts';

/**
 * Counts of the messages of one kind, or of the commands to one step: how many met their
 * expectation (were taken, or were replied to) and how many did not.
 */
export interface Tally {
  met: number;
  unmet: number;
  waits: Waits;
  /** Time from the start of the consuming step until the step is received, ms. */
  lag: Waits;
  /**
   * Send time of the first message that met the expectation, or start of the first such delivery,
   * in ms since 1970. Before that time no consumer was known.
   */
  sinceMs: number;
  /**
   * Send time of the message by whose taking enough was known of the consumer (`SOLID`), ms. A
   * message that was sent later and is overtaken counts as lost.
   */
  solidMs: number;
  /**
   * Messaging systems of the messages that were taken, for a destination: two systems may have
   * destinations of one name. Empty if no sender told its system.
   */
  systems: string[];
  /** Name of the step that consumed or replied last. */
  step: string;
  service: string;
}

/**
 * Keeps the tallies of each environment in bounded memory. Remembers in which environments tallies
 * have changed since they were stored.
 */
export interface Tallies {
  get(environment: string, key: string): Tally | undefined;
  /**
   * Returns the tally, which is created if it does not exist; undefined if there is no room for a
   * new one.
   */
  getOrCreate(environment: string, key: string): Tally | undefined;
  markChanged(environment: string): void;
  takeChanged(): { environment: string; json: string }[];
  load(environment: string, json: string): void;
}

/**
 * Once this many messages met the expectation, a message that was not taken although later ones
 * were counts as lost.
 */
export const SOLID = 200;
const FULL = 4000;
const MAX_TALLIES = 10_000;

/**
 * Adds `weight` to one of the two counts of a tally. Both counts are halved when they are full, so
 * that old history fades.
 */
export function count(tally: Tally | undefined, met: boolean, weight: number): void {
  if (tally === undefined) return;
  if (met) tally.met = Math.max(0, tally.met + weight);
  else tally.unmet = Math.max(0, tally.unmet + weight);
  if (tally.met + tally.unmet < FULL) return;
  tally.met /= 2;
  tally.unmet /= 2;
}

const newTally = (): Tally => ({
  ...{ met: 0, unmet: 0, waits: createWaits(), lag: createWaits() },
  ...{ sinceMs: Infinity, solidMs: Infinity, systems: [], step: '', service: '' },
});

/**
 * If more than this share of the messages to a destination is never taken (by the lower bound of
 * the interval of `wilson`), the destination's consumer is selective.
 */
const RESTS = 0.05;
export const isSelective = ({ met, unmet }: Tally): boolean =>
  wilson(unmet, met + unmet).lower >= RESTS;

/**
 * Returns whether enough is known of a consumer: it is surely not selective. While it may be, its
 * untaken messages are counted, because otherwise a selective consumer that took enough messages
 * before it was recognized would never be.
 */
export const isSolid = ({ met, unmet }: Tally): boolean =>
  met >= SOLID && wilson(unmet, met + unmet).upper < RESTS;

/** Maximum number of systems of one tally; further ones are not told apart from these. */
const MAX_SYSTEMS = 8;

/**
 * Returns whether messages of this system were taken. A message or tally without a system may be of
 * any, as tallies of earlier versions are.
 */
export const isOfSystem = ({ systems }: Tally, system: string): boolean =>
  system === '' ||
  systems.length === 0 ||
  systems.length >= MAX_SYSTEMS ||
  systems.includes(system);

/** Records the system of a taken message. */
export function addSystem({ systems }: Tally, system: string): void {
  if (system !== '' && systems.length < MAX_SYSTEMS && !systems.includes(system))
    systems.push(system);
}

export function createTallies(): Tallies {
  const byEnvironment = new Map<string, Map<string, Tally>>();
  const changed = new Set<string>();
  return {
    get: (environment, key) => byEnvironment.get(environment)?.get(key),
    getOrCreate(environment, key) {
      let tallies = byEnvironment.get(environment);
      if (tallies === undefined)
        byEnvironment.set(environment, (tallies = new Map<string, Tally>()));
      let tally = tallies.get(key);
      if (tally === undefined && tallies.size < MAX_TALLIES) tallies.set(key, (tally = newTally()));
      return tally;
    },
    markChanged: (environment) => changed.add(environment),
    takeChanged() {
      const list = [...changed].map((environment) => ({
        environment,
        json: JSON.stringify(Object.fromEntries(byEnvironment.get(environment) ?? [])),
      }));
      changed.clear();
      return list;
    },
    load: (environment, json) => byEnvironment.set(environment, talliesFrom(json)),
  };
}

interface StoredTally extends Omit<Tally, 'waits' | 'lag' | 'sinceMs' | 'solidMs' | 'systems'> {
  waits: StoredWaits;
  /** Absent in tallies that an earlier version stored. */
  lag?: StoredWaits;
  sinceMs?: number | null;
  solidMs?: number | null;
  systems?: string[];
}

function talliesFrom(json: string): Map<string, Tally> {
  const stored = JSON.parse(json) as Record<string, StoredTally>;
  return new Map(
    Object.entries(stored).map(([key, tally]) => [
      key,
      {
        ...tally,
        waits: createWaits(tally.waits),
        lag: createWaits(tally.lag),
        sinceMs: tally.sinceMs ?? 0,
        solidMs: solidMsOf(tally),
        systems: tally.systems ?? [],
      },
    ]),
  );
}

/** Returns the stored time; null stands for infinity, which JSON does not have. */
const solidMsOf = ({ solidMs, met }: StoredTally): number =>
  solidMs === undefined && met >= SOLID ? 0 : (solidMs ?? Infinity);
