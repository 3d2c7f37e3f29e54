import type { Histogram, Reading } from '../base/counters.ts';

/**
 * Bucket bounds from 5 ms (a fast queue) to a week (a slow process), in seconds. Each bound is
 * about 2.5 times the one before.
 */
export const BOUNDS_SECONDS: readonly number[] = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 300, 900, 3600],
  ...[10_800, 43_200, 86_400, 604_800],
];

/** Creates an empty histogram of durations in seconds. */
export const createHistogram = (): Histogram => ({
  bounds: BOUNDS_SECONDS,
  counts: new Array<number>(BOUNDS_SECONDS.length + 1).fill(0),
  sum: 0,
});

export function observeMs(histogram: Histogram, ms: number): void {
  const seconds = ms / 1000;
  let i = 0;
  while (i < histogram.bounds.length && seconds > histogram.bounds[i]!) i++;
  histogram.counts[i]!++;
  histogram.sum += seconds;
}

export const histogramReading = (
  name: string,
  labels: Record<string, string>,
  histogram: Histogram,
): Reading => ({
  ...{ name, labels, histogram, kind: 'histogram' },
  value: histogram.counts.reduce((sum, count) => sum + count, 0),
});
