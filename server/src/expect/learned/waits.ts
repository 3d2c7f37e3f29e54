import { createHistogram, type Histogram } from './histogram.ts';

/**
 * Learns how long something usually takes. Waits that an outage of the consumer made longer
 * (`outages.ts`) are kept apart, because otherwise, after an outage of an hour, a lost message
 * would be reported only hours later. Such waits are used only if most waits are of that kind, as
 * with a consumer that runs once a night (guarded by waits.test.ts).
 */
export interface Waits {
  add(ms: number, isHeldUp: boolean, weight?: number): void;
  readonly count: number;
  median(): number;
  /**
   * Returns the bound, ms, above which a wait is unusual if nothing held it up; 0 if too little is
   * known.
   */
  usual(): number;
  /** Returns the bound, ms, above which a wait is late. */
  late(): number;
  /** Returns the bound, ms, above which a wait is so long that what is awaited counts as stuck. */
  stuck(): number;
  toJSON(): StoredWaits;
}

type Buckets = [bucket: number, count: number][];
export type StoredWaits = Buckets | { usual: Buckets; heldUp: Buckets };

/**
 * From this many samples on, the longest wait is ignored, because one outage may have held up one
 * message.
 */
const MIN_WAITS = 20;
/** Share of all waits, the longest ones, that may be accidents and are ignored. */
const ACCIDENTS = 0.005;
/**
 * Number of standard deviations, of the logarithm of the waits, by which a wait may exceed the mean
 * before it counts as stuck.
 */
const DEVIATIONS = 4.5;
/**
 * The bound of `stuck` is at most this many times the longest usual wait, because the standard
 * deviation of a distribution with two peaks can be very large.
 */
const MAX_FACTOR = 4;
/** A wait is unusual if it is longer than this share of the waits. */
const USUAL = 0.9;
/**
 * If there are more than this many held-up waits for each wait that was not held up, being held up
 * is the usual state.
 */
const HELD_UP_IS_USUAL = 3;

/** Returns the longest wait that is not a rare accident, or 0 if there are no samples. */
function longestUsual(histogram: Histogram): number {
  const { count } = histogram;
  return histogram.quantile(count < MIN_WAITS ? 1 : 1 - Math.max(1.01 / count, ACCIDENTS));
}

export function createWaits(from: StoredWaits = []): Waits {
  const stored = Array.isArray(from) ? { usual: from, heldUp: [] } : from;
  const usual = createHistogram(stored.usual);
  const heldUp = createHistogram(stored.heldUp);
  const rule = (): Histogram =>
    heldUp.count > HELD_UP_IS_USUAL * usual.count || (usual.count === 0 && heldUp.count > 0)
      ? heldUp
      : usual;
  return {
    add: (ms, isHeldUp, weight = 1) => (isHeldUp ? heldUp : usual).add(ms, weight),
    get count() {
      return usual.count + heldUp.count;
    },
    median: () => rule().quantile(0.5),
    usual: () => (usual.count < MIN_WAITS ? 0 : usual.quantile(USUAL)),
    late: () => longestUsual(rule()),
    stuck() {
      const histogram = rule();
      const longest = longestUsual(histogram);
      const { mean, deviation } = histogram.spread();
      return Math.min(
        MAX_FACTOR * longest,
        Math.max(2 * longest, Math.exp(mean + DEVIATIONS * deviation)),
      );
    },
    toJSON: () =>
      heldUp.count === 0 ? usual.toJSON() : { usual: usual.toJSON(), heldUp: heldUp.toJSON() },
  };
}
