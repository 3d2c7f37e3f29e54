import { createHistogram, type Histogram } from './histogram.ts';

/**
 * How long something usually takes. Waits that many messages shared because their consumer was
 * down, hung or overloaded (`outages.ts`) are kept apart: an outage of an hour must not make the
 * next lost message wait for hours. They count only where they are the rule, as with a consumer
 * that runs once a night (guarded by waits.test.ts).
 */
export interface Waits {
  add(ms: number, isHeldUp: boolean, weight?: number): void;
  readonly count: number;
  median(): number;
  /** Longer is unusual, ms: of what nothing held up; 0: too little is known. */
  usual(): number;
  /** Longer is late, ms. */
  late(): number;
  /** Longer is not usual by anything that is known, ms. */
  stuck(): number;
  toJSON(): StoredWaits;
}

type Buckets = [bucket: number, count: number][];
export type StoredWaits = Buckets | { usual: Buckets; heldUp: Buckets };

/**
 * From so many samples on, the longest of them says nothing: it may have been one outage that held
 * up one message.
 */
const MIN_WAITS = 20;
/** That share of the longest may be accidents. */
const ACCIDENTS = 0.005;
/** How much longer than usual a wait may be: 4.5 standard deviations of its logarithm … */
const DEVIATIONS = 4.5;
/** … but never beyond what was seen, times this: the spread of two humps knows no bounds. */
const MAX_FACTOR = 4;
/** A wait that is longer than this share of the others is unusual. */
const USUAL = 0.9;
/** Of waits that were held up for each that was not: from then on that is how it is. */
const HELD_UP_IS_USUAL = 3;

/** The longest that is no accident; 0 without samples. */
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
