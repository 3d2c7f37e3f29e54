/**
 * Decides which clocks are wrong, and by how much. All functions here are pure.
 *
 * Two kinds of facts bound the difference of two clocks: no span is received before it ended, and
 * no message is taken before it was sent. The answer is the smallest set of clocks that have to be
 * wrong for all facts to hold. A clock that is consistent with a wrong clock is wrong by the same
 * error, and is corrected together with it; otherwise correcting one of the two would shorten the
 * waits between them, or make these waits negative.
 */

/**
 * Least time that messages from one clock to another seem to take. A negative time means that one
 * of the two clocks is wrong.
 */
export interface LeastWait {
  readonly from: number;
  readonly to: number;
  /**
   * Time, ns, measured from the start of the send, before which no consumer can take the message.
   */
  readonly ns: number;
  /**
   * Time, ns, measured from the end of the send, where a wait begins. It is used instead of `ns`
   * when a clock is wrong by more than the duration of the send.
   */
  readonly afterNs?: number;
}

export interface Clue {
  /**
   * How far the clock is known to be ahead, ns. The waits passed to `wrongClocks` are already
   * corrected by this error.
   */
  readonly knownNs: number;
  /**
   * Least time, ns, from the end of a span of this clock to its receipt; Infinity if it was not
   * measured.
   */
  readonly lagNs: number;
}

/** Smaller differences, ns, are ignored, because the SDK's clock counts whole milliseconds. */
export const TOLERANCE_NS = 1_000_000;
/**
 * Longest usual delay, ns, between a span's end and its receipt: an exporter batches for 5 s by
 * default, and for as long again when its queue is full.
 */
export const MAX_LAG_NS = 10_000_000_000;
/**
 * Smaller errors, ns, get no verdict, because clocks of one network always differ by some. A span
 * that seems to be received earlier by less than this arrives as it should.
 */
export const MIN_NS = 100_000_000;
/** A clock that is wrong by less than this share of an impossible wait does not explain it. */
const SMALL_SHARE = 0.01;
/** Maximum number of corrections in one answer. The caller corrects differences that remain. */
const MAX_MOVES = 100;

/**
 * A proposed correction: these clocks are ahead by `ns` more than assumed so far (behind, if `ns`
 * is negative), all for the same reason.
 */
interface Move {
  members: readonly number[];
  ns: number;
}

/**
 * Returns how far each clock is ahead, ns. If the facts do not tell which of two clocks is wrong
 * and `guesses` is true, the consumer's clock counts as wrong; if `guesses` is false, the
 * difference between the two remains.
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
  /** Returns whether the clock is known to be wrong by no small share of an error `ns`. */
  const isWrong = (clock: number, ns: number): boolean =>
    Math.max(Math.abs(clues[clock]!.knownNs), Math.abs(ahead[clock]!)) > SMALL_SHARE * Math.abs(ns);

  /**
   * Returns the move of `first` by `ns` with all clocks that must move too, because they would have
   * sent to a moved clock too late (`ns` > 0) or taken from one too early (`ns` < 0). Returns null
   * if `not` would have to move, or if a span would be received before its end.
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

  const isUsual = usualLags(clues);

  /** Returns the criteria of a move, most important first; the smaller number is better. */
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
      if (!isWrong(clock, ns)) found++;
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
   * Returns how far, ns, a clock is ahead whose process only consumes: by the error with which its
   * quickest message took no time. This is an upper bound, and more exact than `leastNs`, which
   * lacks the exporter's delay. Returns `leastNs` if the bound is smaller, or larger by more than
   * such a delay, or if the process also sends.
   */
  const byQuickest = (clock: number, leastNs: number): number => {
    if (sent[clock]!.length > 0 || taken[clock]!.length === 0) return leastNs;
    const mostNs = taken[clock]!.reduce((most, wait) => Math.min(most, slackOf(wait)), Infinity);
    return mostNs < leastNs || mostNs - leastNs > MAX_LAG_NS ? leastNs : mostNs;
  };
  /**
   * Returns how far ahead a clock is, ns: as far as the clocks that it agrees with, if that is at
   * most an exporter's delay more than `leastNs`; else `leastNs`.
   */
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
    // One impossible time is no reason to move clocks whose spans arrive as they should.
    const isDoubtful = move.members.some(
      (other) => other !== clock && lagOf(other) > -MIN_NS && lagOf(other) !== Infinity,
    );
    if (!isDoubtful) apply(move);
  }

  // Facts about a torn clock contradict each other: it jumped, or several share its name.
  const isTorn = (clock: number, waitNs: number): boolean =>
    lagOf(clock) <= Math.min(-MIN_NS, SMALL_SHARE * waitNs);
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
    const isOfTorn = isTorn(worst.from, least) || isTorn(worst.to, least);
    const sender = isOfTorn ? null : moveOf(worst.from, -least, worst.to);
    const taker = isOfTorn ? null : moveOf(worst.to, least, worst.from);
    const move =
      sender === null || taker === null
        ? (sender ?? taker)
        : (better(sender, taker) ?? (guesses ? taker : null));
    if (move === null) unexplained.add(worst);
    else apply(move);
  }
  return ahead;
}

/**
 * Returns a function that returns 1 if a lag differs from the usual one by at most half of `ns`,
 * else 0. The usual lag is the median of all clocks, or, if too few were measured, any delay of an
 * exporter.
 */
function usualLags(clues: readonly Clue[]): (lagNs: number, ns: number) => number {
  const usualNs = medianOf(clues.flatMap(({ lagNs }) => (lagNs === Infinity ? [] : [lagNs])));
  return (lagNs, ns) => {
    if (lagNs === Infinity) return 0;
    const isNear =
      usualNs === null ? lagNs <= MAX_LAG_NS : Math.abs(lagNs - usualNs) <= Math.abs(ns) / 2;
    return isNear ? 1 : 0;
  };
}

/** Minimum number of lags for a median; with fewer lags no usual lag is known. */
const MIN_SEEN = 3;
function medianOf(all: number[]): number | null {
  return all.length < MIN_SEEN ? null : all.sort((a, b) => a - b)[all.length >> 1]!;
}
