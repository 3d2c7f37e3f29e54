import { createHistogram, type Histogram } from './histogram.ts';

/**
 * Learns how long something usually takes. Waits that many messages shared because their consumer
 * was down, hung or overloaded (`outages.ts`) are kept apart: an outage of an hour must not make
 * the next lost message wait for hours. They count only if they are the rule, as with a consumer
 * that runs once a night (guarded by waits.test.ts).
 */
export interface Waits {
  add(ms: number, isHeldUp: boolean, weight?: number): void;
  readonly count: number;
  median(): number;
  /** Bound above which a wait that nothing held up is unusual, ms; 0 if too little is known. */
  usual(): number;
  /** Bound above which a wait is late, ms. */
  late(): number;
  /** Bound above which a wait is not usual by anything that is known, ms. */
  stuck(): number;
  toJSON(): StoredWaits;
}

type Buckets = [bucket: number, count: number][];
export type StoredWaits = Buckets | { usual: Buckets; heldUp: Buckets };

/** From this many samples on the longest is ignored: one outage may have held up one message. */
const MIN_WAITS = 20;
/** Share of the longest waits that may be accidents. */
const ACCIDENTS = 0.005;
/** A wait may exceed the usual by this many standard deviations of its logarithm. */
const DEVIATIONS = 4.5;
/**
 * Never more than the longest usual wait times this, because the spread of a bimodal distribution
 * is unbounded.
 */
const MAX_FACTOR = 4;
/** A wait longer than this share of the others is unusual. */
const USUAL = 0.9;
/** With more held-up waits than this for each other one, being held up is the usual state. */
const HELD_UP_IS_USUAL = 3;

/** Returns the longest wait that is no accident; 0 without samples. */
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
