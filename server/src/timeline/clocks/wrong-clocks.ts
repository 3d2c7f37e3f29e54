/**
 * Which clocks are wrong, and by how much. Pure.
 *
 * Two kinds of facts speak of clocks: nothing is received before it ended, and nothing is taken
 * before it was sent. Each bounds the difference of two clocks. Whoever has to be wrong for all
 * facts to be true is wrong: as few as can be. What is consistent with a wrong clock by itself is
 * as wrong as that one, and moves with it; without this a shift would eat the waits behind it.
 */

/** What messages from one clock to another seem to take at least, ns; below 0 one is wrong. */
export interface LeastWait {
  readonly from: number;
  readonly to: number;
  /** From the start of the send: nothing can be taken before. */
  readonly ns: number;
  /** From its end, where waits begin. Counts beside a clock that is wrong by more than it took. */
  readonly afterNs?: number;
}

export interface Clue {
  /** By how much it is known to be ahead, which the waits do not show any more. */
  readonly knownNs: number;
  /** What its spans seem to take at least to come here, ns; Infinity where nobody asked. */
  readonly lagNs: number;
}

/** Smaller differences are the SDK's millisecond clock. */
export const TOLERANCE_NS = 1_000_000;
/** An exporter gathers for 5 s by default, and for as long again where its queue is full. */
export const MAX_LAG_NS = 10_000_000_000;
/** Moves of one answer; what remains is left to whoever asks. */
const MAX_MOVES = 100;

/** Clocks that are ahead by `ns` more than was thought (below 0: behind), for the same reason. */
interface Move {
  members: readonly number[];
  ns: number;
}

/**
 * By how much each clock is ahead, ns. `guesses`: a difference of two clocks of which nothing says
 * whose it is, is the taker's; otherwise it stays.
 */
export function wrongClocks(
  clues: readonly Clue[],
  waits: readonly LeastWait[],
  guesses: boolean,
): Float64Array {
  const ahead = new Float64Array(clues.length);
  const sent = clues.map((): LeastWait[] => []);
  const taken = clues.map((): LeastWait[] => []);
  for (const wait of waits) {
    sent[wait.from]!.push(wait);
    taken[wait.to]!.push(wait);
  }
  const slackOf = ({ from, to, ns, afterNs = ns }: LeastWait): number => {
    const sendNs = ns - afterNs;
    const isShort = sendNs < clues[from]!.knownNs + ahead[from]! || sendNs < -clues[to]!.knownNs;
    return (isShort ? afterNs : ns) + ahead[from]! - ahead[to]!;
  };
  const lagOf = (clock: number): number => clues[clock]!.lagNs + ahead[clock]!;
  const isWrong = (clock: number): boolean => clues[clock]!.knownNs !== 0 || ahead[clock] !== 0;

  /**
   * Whoever has to move with `first`: who sent it what would not have been sent yet (ahead), or
   * took from it what it had not sent yet (behind). null: `not` would, or come here before it
   * ended.
   */
  const moveOf = (first: number, ns: number, not: number): Move | null => {
    const members = new Set([first]);
    for (const clock of members) {
      if (ns < 0 && lagOf(clock) + ns < 0) return null;
      for (const wait of ns > 0 ? taken[clock]! : sent[clock]!) {
        if (slackOf(wait) >= Math.abs(ns)) continue;
        const next = ns > 0 ? wait.from : wait.to;
        if (next === not) return null;
        members.add(next);
      }
    }
    return { members: [...members], ns };
  };
  const apply = ({ members, ns }: Move): void => {
    for (const clock of members) ahead[clock]! += ns;
  };

  /**
   * Whether a clock's spans come here as those of right ones do, to within half of what is asked.
   */
  const usualNs = medianOf(clues.flatMap(({ lagNs }) => (lagNs === Infinity ? [] : [lagNs])));
  const isUsual = (lagNs: number, ns: number): number => {
    if (lagNs === Infinity) return 0;
    const isNear =
      usualNs === null ? lagNs <= MAX_LAG_NS : Math.abs(lagNs - usualNs) <= Math.abs(ns) / 2;
    return isNear ? 1 : 0;
  };

  /** Of two moves the one with the smaller number, the first that differs. */
  const merits = ({ members, ns }: Move): number[] => {
    const inside = new Set(members);
    let found = 0;
    let accused = 0;
    let mended = 0;
    let tooLong = 0;
    let touched = 0;
    const look = (wait: LeastWait, isShortened: boolean): void => {
      if (inside.has(wait.from) && inside.has(wait.to)) return;
      const slack = slackOf(wait);
      if (slack < -TOLERANCE_NS) mended++;
      else touched++;
      if (isShortened && slack < 2 * Math.abs(ns)) tooLong++;
    };
    for (const clock of members) {
      if (!isWrong(clock)) found++;
      accused += isUsual(lagOf(clock) + ns, ns) - isUsual(lagOf(clock), ns);
      for (const wait of sent[clock]!) look(wait, ns < 0);
      for (const wait of taken[clock]!) look(wait, ns > 0);
    }
    return [found, -accused, -mended, -tooLong, touched];
  };
  const better = (a: Move, b: Move): Move | null => {
    const [x, y] = [merits(a), merits(b)];
    const at = x.findIndex((merit, i) => merit !== y[i]);
    return at < 0 ? null : x[at]! < y[at]! ? a : b;
  };

  /**
   * Of a clock that only takes, the quickest message says more than its exporter does: all others
   * are then too short by what that one took.
   */
  const byQuickest = (clock: number, leastNs: number): number => {
    if (sent[clock]!.length > 0 || taken[clock]!.length === 0) return leastNs;
    const mostNs = taken[clock]!.reduce((most, wait) => Math.min(most, slackOf(wait)), Infinity);
    return mostNs < leastNs || mostNs - leastNs > MAX_LAG_NS ? leastNs : mostNs;
  };
  /** Who agrees with a wrong clock, and is late for it by no more than an exporter, is as wrong. */
  const likePartner = (clock: number, leastNs: number): number => {
    let most = leastNs;
    const look = (wait: LeastWait, other: number): void => {
      const agrees = wait.ns >= -TOLERANCE_NS && ahead[other]! - leastNs <= MAX_LAG_NS;
      if (agrees && ahead[other]! > most) most = ahead[other]!;
    };
    for (const wait of sent[clock]!) look(wait, wait.to);
    for (const wait of taken[clock]!) look(wait, wait.from);
    return most;
  };
  const accused = clues
    .flatMap(({ lagNs }, clock) => (lagNs < -TOLERANCE_NS ? [clock] : []))
    .sort((a, b) => clues[a]!.lagNs - clues[b]!.lagNs);
  for (const clock of accused) {
    if (lagOf(clock) >= -TOLERANCE_NS) continue;
    const leastNs = byQuickest(clock, likePartner(clock, -clues[clock]!.lagNs));
    const move = moveOf(clock, leastNs - ahead[clock]!, -1)!;
    // One impossible time is no reason to doubt clocks that come here as right ones do.
    const isDoubtful = move.members.some((other) => lagOf(other) >= 0 && lagOf(other) !== Infinity);
    if (!isDoubtful) apply(move);
  }

  const unexplained = new Set<LeastWait>();
  for (let moves = 0; moves < MAX_MOVES; moves++) {
    let worst: LeastWait | null = null;
    let least = -TOLERANCE_NS;
    for (const wait of waits) {
      const slack = slackOf(wait);
      if (slack >= least || unexplained.has(wait)) continue;
      least = slack;
      worst = wait;
    }
    if (worst === null) break;
    const sender = moveOf(worst.from, -least, worst.to);
    const taker = moveOf(worst.to, least, worst.from);
    const move =
      sender === null || taker === null
        ? (sender ?? taker)
        : (better(sender, taker) ?? (guesses ? taker : null));
    if (move === null) unexplained.add(worst);
    else apply(move);
  }
  return ahead;
}

/** Of few nothing is usual. */
const MIN_SEEN = 3;
function medianOf(all: number[]): number | null {
  return all.length < MIN_SEEN ? null : all.sort((a, b) => a - b)[all.length >> 1]!;
}
