/**
 * A bar of a sparkline. `x` and `height` are shares of the sparkline's width and height, 0 to 1.
 */
export interface SparkBar {
  x: number;
  height: number;
  count: number;
}

/** Returns a bar for each count. A count above 0 gets a minimum height, so that it is visible. */
export function barsOf(counts: readonly number[]): SparkBar[] {
  const most = Math.max(1, ...counts);
  return counts.map((count, i) => ({
    ...{ x: i / counts.length, count },
    height: count === 0 ? 0 : Math.max(0.12, count / most),
  }));
}

/** Returns a description of a sparkline in words, for screen readers. */
export function sparkText(counts: readonly number[], time: (part: number) => string): string {
  const most = Math.max(0, ...counts);
  if (most === 0) return 'None in this time';
  const last = counts.findLastIndex((count) => count > 0);
  return `At most ${most.toLocaleString()} at ${time(counts.indexOf(most))}, last at ${time(last)}`;
}
