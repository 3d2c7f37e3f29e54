import type { VersionRun } from '../../store/index.ts';

/** A version that ran again after flows had run only others. */
export interface VersionReturn {
  version: bigint;
  /** Version that most flows ran meanwhile. */
  after: bigint;
  atMs: number;
}

/** Chance below which flows of a version that was there all the time do not leave it out. */
const MAX_CHANCE = 1e-5;
/** Number of flows, before and after, of which the share of a version is taken. */
const NEARBY = 50;
/** Number of flows of which most run a version that is back. */
const NEXT = 20;
/** Width of the interval of a share, in standard deviations. */
const SIGMAS = 2;

/**
 * Returns the versions of a service that came back, as after a rollback. Where versions run side
 * by side, each is missing from some flows in a row by chance. So a version was gone only if it is
 * missing from more flows than its share, just before and just after, lets expect, and it is back
 * only if most of the next flows run it.
 */
export function versionReturns(all: readonly VersionRun[]): VersionReturn[] {
  const runs = withoutStragglers(all);
  const last = new Map<bigint, number>();
  return runs.flatMap(({ version, atMs, from }, at) => {
    const before = last.get(version);
    last.set(version, at);
    if (before === undefined) return [];
    const gap = runs.slice(before + 1, at);
    const flows = flowsOf(gap);
    const then = all.slice(from);
    const shareNearby = (some: readonly VersionRun[]): number =>
      Math.max(shareOf(version, some, flows), shareOf(version, some, NEARBY));
    const share = Math.min(
      shareNearby(all.slice(0, runs[before]!.to + 1).reverse()),
      shareNearby(then),
    );
    const isMost = shareOf(version, then, NEXT) >= 0.5;
    const isBack = isMost && (1 - share) ** flows < MAX_CHANCE;
    return isBack ? [{ version, atMs, after: mostOf(gap) }] : [];
  });
}

/** A run, and the positions of its first and last part among all runs. */
interface JoinedRun extends VersionRun {
  from: number;
  to: number;
}

/**
 * Leaves out single flows among those of another version: one that started long before it was
 * worked on ran a version of another time.
 */
function withoutStragglers(runs: readonly VersionRun[]): JoinedRun[] {
  const isLong = (run: VersionRun | undefined): boolean => run === undefined || run.flows > 1;
  const joined: JoinedRun[] = [];
  for (const [i, run] of runs.entries()) {
    if (run.flows === 1 && isLong(runs[i - 1]) && isLong(runs[i + 1])) continue;
    const previous = joined.at(-1);
    if (previous?.version === run.version) {
      previous.flows += run.flows;
      previous.to = i;
    } else joined.push({ ...run, from: i, to: i });
  }
  return joined;
}

const flowsOf = (runs: readonly VersionRun[]): number =>
  runs.reduce((sum, { flows }) => sum + flows, 0);

/**
 * Returns the share of a version among the first `most` flows: the smallest share that these flows
 * are likely for (the lower end of Wilson's interval), because a few flows say little.
 */
function shareOf(version: bigint, runs: readonly VersionRun[], most: number): number {
  let seen = 0;
  let having = 0;
  for (const run of runs) {
    const flows = Math.min(run.flows, most - seen);
    if (flows <= 0) break;
    seen += flows;
    if (run.version === version) having += flows;
  }
  const share = having / seen;
  const spread = SIGMAS * Math.sqrt((share * (1 - share)) / seen + (SIGMAS / seen / 2) ** 2);
  return (share + SIGMAS ** 2 / seen / 2 - spread) / (1 + SIGMAS ** 2 / seen);
}

function mostOf(runs: readonly VersionRun[]): bigint {
  const flows = new Map<bigint, number>();
  for (const { version, flows: some } of runs) flows.set(version, (flows.get(version) ?? 0) + some);
  return [...flows].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
}
