/**
 * Estimates quantiles of waits in bounded memory. It counts waits in logarithmic buckets, each 5 %
 * wide, which can be merged (the idea of DDSketch, Masson et al. 2019). It forgets by count, not by
 * time: when the histogram is full every count is halved, so that a step that happens once a month
 * is remembered as well as one that happens every second.
 */
export interface Histogram {
  add(value: number, weight?: number): void;
  readonly count: number;
  /** Returns the upper edge of the bucket in which the quantile lies; 0 without samples. */
  quantile(q: number): number;
  /** Returns the mean and the standard deviation of the logarithms of the waits. */
  spread(): { mean: number; deviation: number };
  toJSON(): [bucket: number, count: number][];
}

const WIDTH = Math.log(1.05);
const FULL = 4000;

export function createHistogram(from: readonly (readonly [number, number])[] = []): Histogram {
  const buckets = new Map<number, number>(from.map(([bucket, count]) => [bucket, count]));
  let count = from.reduce((sum, [, each]) => sum + each, 0);
  /** Caches quantiles, because they are read far more often than waits are added. */
  const quantiles = new Map<number, number>();
  let logarithms: { mean: number; deviation: number } | null = null;
  /** Returns the bucket of a value; all values below 1 ms share one bucket. */
  const bucketOf = (value: number): number =>
    value < 1 ? 0 : 1 + Math.floor(Math.log(value) / WIDTH);
  const edge = (bucket: number): number => (bucket === 0 ? 1 : Math.exp(bucket * WIDTH));

  return {
    add(value, weight = 1) {
      if (!Number.isFinite(value)) return;
      quantiles.clear();
      logarithms = null;
      const bucket = bucketOf(value);
      const now = Math.max(0, (buckets.get(bucket) ?? 0) + weight);
      count += now - (buckets.get(bucket) ?? 0);
      if (now === 0) buckets.delete(bucket);
      else buckets.set(bucket, now);
      if (count < FULL) return;
      count = 0;
      for (const [key, each] of buckets) {
        const half = each / 2;
        if (half < 0.25) buckets.delete(key);
        else {
          buckets.set(key, half);
          count += half;
        }
      }
    },
    get count() {
      return count;
    },
    quantile(q) {
      const known = quantiles.get(q);
      if (known !== undefined) return known;
      let left = q * count;
      let last = 0;
      for (const bucket of [...buckets.keys()].sort((a, b) => a - b)) {
        last = bucket;
        left -= buckets.get(bucket)!;
        if (left <= 0) break;
      }
      const value = count === 0 ? 0 : edge(last);
      quantiles.set(q, value);
      return value;
    },
    spread() {
      if (logarithms !== null) return logarithms;
      let sum = 0;
      let squares = 0;
      for (const [bucket, each] of buckets) {
        sum += bucket * WIDTH * each;
        squares += (bucket * WIDTH) ** 2 * each;
      }
      if (count === 0) return { mean: 0, deviation: 0 };
      const mean = sum / count;
      return (logarithms = {
        mean,
        deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)),
      });
    },
    toJSON: () => [...buckets],
  };
}
