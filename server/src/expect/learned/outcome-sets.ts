import { setKey } from '../keys.ts';

/**
 * Counts which sets of follow-ups came, and how often. Whole sets are counted instead of single
 * follow-ups, because sets distinguish an exclusive choice from optional parts and from branches
 * that all run.
 */
export interface OutcomeSets {
  add(members: readonly string[], weight: number): void;
  readonly total: number;
  /** Returns how often a set with exactly these members came. */
  countOf(members: readonly string[]): number;
  /** Returns how often a set came that contains all of these members. */
  holding(members: readonly string[]): number;
  /** Returns the further members that came in every set that contains all of `seen`. */
  alwaysWith(seen: readonly string[]): string[];
  /** Returns the member that came most often; null if none did. */
  mostFrequent(): string | null;
  /**
   * Returns what is still expected once `seen` have come; null if nothing is expected, or too
   * little is known. `mayCome` returns whether a candidate may still come, for callers that know
   * more about that.
   */
  expectedAfter(
    seen: readonly string[],
    mayCome?: (candidate: Candidate) => boolean,
  ): ExpectedNext | null;
  toJSON(): [members: string[], count: number][];
}

export interface ExpectedNext {
  /** Candidates that are all expected. If there are none, one of `oneOf` is expected. */
  certain: Candidate[];
  oneOf: Candidate[];
  samples: number;
  provisional: boolean;
}
export interface Candidate {
  key: string;
  /** Share of comparable flows in which the candidate came. */
  probability: number;
}

const ANY = (): boolean => true;

interface Counted {
  members: readonly string[];
  count: number;
}

/**
 * Minimum number of comparable flows to judge by counts. Below it, only structural expectations
 * apply.
 */
export const MIN_SAMPLES = 100;
/**
 * Below this number of comparable flows the answer is provisional, because an ending that 0.5 % of
 * flows have may not have been seen yet.
 */
const SOLID_SAMPLES = 800;
/**
 * Returns how many of `n` flows may have ended at this point although something is still expected.
 * The number is not zero: before there were enough samples, stalls could not be recognized and were
 * learned from. A few such stalls must not silence a rule. An ending that 0.5 % of the flows have
 * is legal.
 */
const maxEnds = (n: number): number => Math.max(2, Math.min(0.01 * n, 8), 0.005 * n);
const CERTAIN = 0.95;
/**
 * Assume that follow-ups are independent. If the probability that none of them comes is below this,
 * and no flow has ever ended here, it is a rule that one of the follow-ups comes.
 */
const NEVER_BY_CHANCE = 1e-5;
/**
 * Assume that follow-ups are independent. If at least this many flows would then have ended here by
 * chance, but hardly any has, it is a rule that one of the follow-ups comes.
 */
const ENOUGH_EXPECTED = 12;
/**
 * Assume that follow-ups are independent. If the probability that each flow has exactly one of them
 * is below this, and each flow has, it is a choice, and one of them is expected.
 */
const NEVER_ONE_BY_CHANCE = 1e-4;
/** Number of flows from which on that is assumed, as a rare ending may not have come before. */
const ENOUGH_CHOICES = 200;
const MAX_SETS = 512;
const FULL = 4000;
const Z = 1.96;

/**
 * Returns the bounds of the Wilson score interval (1927), which is sound for shares near 0 and 1
 * and for few samples.
 */
export function wilson(hits: number, n: number): { lower: number; upper: number } {
  if (n <= 0) return { lower: 0, upper: 1 };
  const p = hits / n;
  const centre = p + (Z * Z) / (2 * n);
  const margin = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return {
    lower: Math.max(0, (centre - margin) / scale),
    upper: Math.min(1, (centre + margin) / scale),
  };
}

const sum = (list: readonly { count: number }[]): number =>
  list.reduce((n, set) => n + set.count, 0);

export function createOutcomeSets(
  from: readonly (readonly [readonly string[], number])[] = [],
): OutcomeSets {
  const sets = new Map<string, Counted>();
  let total = 0;

  const add = (members: readonly string[], weight: number): void => {
    const key = setKey(members);
    const known = sets.get(key);
    const before = known?.count ?? 0;
    const now = Math.max(0, before + weight);
    total += now - before;
    if (now === 0) sets.delete(key);
    else if (known) known.count = now;
    else sets.set(key, { members: [...members], count: now });
    if (total >= FULL) scale(0.5);
    if (sets.size > MAX_SETS) forgetRarest();
  };
  const scale = (by: number): void => {
    total = 0;
    for (const [key, set] of sets) {
      set.count *= by;
      if (set.count < 0.25) sets.delete(key);
      else total += set.count;
    }
  };
  const forgetRarest = (): void => {
    const rarest = [...sets].sort(([, a], [, b]) => a.count - b.count).slice(0, MAX_SETS / 8);
    for (const [key, set] of rarest) {
      sets.delete(key);
      total -= set.count;
    }
  };
  for (const [members, count] of from) add(members, count);

  const matching = (seen: readonly string[]): Counted[] =>
    [...sets.values()].filter((set) => seen.every((key) => set.members.includes(key)));

  /**
   * Drops the rarest members of `seen` until `MIN_SAMPLES` counted sets contain all that remain.
   * Returns the dropped members (`rare`) and those sets (`left`).
   */
  const withoutRarest = (seen: readonly string[]): { rare: string[]; left: Counted[] } => {
    const all = [...sets.values()].map((set) => ({ set, has: new Set(set.members) }));
    const counts = new Map(
      seen.map((key) => [key, sum(all.filter(({ has }) => has.has(key)).map(({ set }) => set))]),
    );
    /** For each set, the number of seen members that the set lacks. */
    const lacking = new Map(
      all.map(({ set, has }) => [set, seen.filter((key) => !has.has(key)).length]),
    );
    const rare: string[] = [];
    let given = seen;
    let left = matching(seen);
    while (sum(left) < MIN_SAMPLES && given.length > 0) {
      const rarest = given.reduce((a, b) => (counts.get(b)! < counts.get(a)! ? b : a));
      rare.push(rarest);
      given = given.filter((key) => key !== rarest);
      for (const { set, has } of all) if (!has.has(rarest)) lacking.set(set, lacking.get(set)! - 1);
      left = all.flatMap(({ set }) => (lacking.get(set) === 0 ? [set] : []));
    }
    return { rare, left };
  };
  const comesWith = (rare: string, key: string): boolean => {
    for (const { members } of sets.values())
      if (members.includes(rare) && !members.includes(key)) return false;
    return true;
  };
  const judge = (
    like: Counted[],
    seen: readonly string[],
    mayCome: (candidate: Candidate) => boolean,
  ): ExpectedNext | null => {
    const n = sum(like);
    const came = new Map<string, number>();
    for (const { members, count } of like)
      for (const key of members)
        if (!seen.includes(key)) came.set(key, (came.get(key) ?? 0) + count);
    const candidates = [...came]
      .map(([key, count]): Candidate => ({ key, probability: count / n }))
      .filter(mayCome)
      .sort((a, b) => b.probability - a.probability || (a.key < b.key ? -1 : 1));
    // A set counts as an ending at this point if none of its other members can come any more.
    const more = new Set(candidates.map(({ key }) => key));
    const end = sum(like.filter(({ members }) => !members.some((key) => more.has(key))));
    if (end > maxEnds(n)) return null;
    const certain = candidates.filter(({ key }) => wilson(came.get(key)!, n).lower >= CERTAIN);
    const ends = n * noneByChance(candidates);
    const isRule = ends >= ENOUGH_EXPECTED && end <= 0.1 * ends;
    const isAlways = end < 0.5 && isNoChance(like, candidates);
    if (certain.length === 0 && !isRule && !isAlways) return null;
    return {
      certain,
      oneOf: certain.length > 0 ? [] : candidates,
      samples: Math.round(n),
      provisional: n < SOLID_SAMPLES,
    };
  };

  return {
    add,
    get total() {
      return total;
    },
    countOf: (members) => sets.get(setKey(members))?.count ?? 0,
    holding: (members) => sum(matching(members)),
    alwaysWith(seen) {
      const [first, ...others] = matching(seen);
      return (first?.members ?? []).filter(
        (key) => !seen.includes(key) && others.every(({ members }) => members.includes(key)),
      );
    },
    mostFrequent: () => mostFrequentIn(sets.values()),
    expectedAfter(seen, mayCome = ANY) {
      const like = matching(seen);
      if (sum(like) >= MIN_SAMPLES) return judge(like, seen, mayCome);
      if (total < MIN_SAMPLES) return null;
      const { rare, left } = withoutRarest(seen);
      const owed = sum(left) < MIN_SAMPLES ? null : judge(left, seen, mayCome);
      if (owed === null) return null;
      // A rare member may be a choice that excludes what is usual. Therefore only those steps are
      // expected that are certain in all flows and came whenever the rare member came. Otherwise
      // each rare branch would be a stall, because it is judged among flows that chose another
      // branch.
      const certain = owed.certain.filter(({ key }) => rare.every((one) => comesWith(one, key)));
      return certain.length === 0 ? null : { ...owed, certain, oneOf: [] };
    },
    toJSON: () => [...sets.values()].map(({ members, count }) => [[...members], count]),
  };
}

/** Returns the probability that none of the candidates comes if they are independent. */
const noneByChance = (candidates: readonly Candidate[]): number =>
  candidates.reduce((share, { probability }) => share * (1 - probability), 1);

/**
 * Returns whether it is no chance that each of these sets has at least one of the candidates:
 * practically no set is without one, or all have exactly one.
 */
function isNoChance(like: readonly Counted[], candidates: readonly Candidate[]): boolean {
  const none = noneByChance(candidates);
  if (none < NEVER_BY_CHANCE) return true;
  const keys = new Set(candidates.map(({ key }) => key));
  if (like.some(({ members }) => members.filter((key) => keys.has(key)).length > 1)) return false;
  const one = candidates.reduce((share, { probability: p }) => share + (none * p) / (1 - p), 0);
  const n = sum(like);
  return n >= ENOUGH_CHOICES && one ** n < NEVER_ONE_BY_CHANCE;
}

function mostFrequentIn(sets: Iterable<Counted>): string | null {
  const counts = new Map<string, number>();
  for (const { members, count } of sets)
    for (const key of members) counts.set(key, (counts.get(key) ?? 0) + count);
  const [most] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return most?.[0] ?? null;
}
