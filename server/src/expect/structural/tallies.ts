import { createWaits, type StoredWaits, type Waits } from '../learned/waits.ts';

/** Of messages of one kind, or of commands to one step: how many met what they owe. */
export interface Tally {
  met: number;
  unmet: number;
  waits: Waits;
  /** From the start of who met it until that was heard of, ms. */
  lag: Waits;
  /** When the first of those that met it was sent, ms: before that nobody was there. */
  sinceMs: number;
  /**
   * When that one was sent with which so many had met it that whoever is overtaken from then on was
   * lost, ms.
   */
  solidMs: number;
  /** Who meets it, last seen. */
  step: string;
  service: string;
}

/**
 * Tallies of each environment, in bounded memory, with those that changed since they were stored.
 */
export interface Tallies {
  get(environment: string, key: string): Tally | undefined;
  /** Creates it where it is new; undefined: there is no room for it. */
  getOrCreate(environment: string, key: string): Tally | undefined;
  markChanged(environment: string): void;
  takeChanged(): { environment: string; json: string }[];
  load(environment: string, json: string): void;
}

/** From so many on, a message that others overtook was lost. */
export const SOLID = 200;
const FULL = 4000;
const MAX_TALLIES = 10_000;

/** Counts one more, or one less; what is full forgets by halves. */
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
  ...{ sinceMs: Infinity, solidMs: Infinity, step: '', service: '' },
});

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

interface StoredTally extends Omit<Tally, 'waits' | 'lag' | 'sinceMs' | 'solidMs'> {
  waits: StoredWaits;
  /** Missing in what was stored before they existed. */
  lag?: StoredWaits;
  sinceMs?: number | null;
  solidMs?: number | null;
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
        solidMs: tally.solidMs ?? (tally.met >= SOLID ? 0 : Infinity),
      },
    ]),
  );
}
