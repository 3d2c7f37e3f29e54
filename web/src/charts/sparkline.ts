/** A bar of a sparkline, in parts of its height and width. */
export interface SparkBar {
  x: number;
  height: number;
  count: number;
}

/** Returns a bar for each count; a count above 0 is never invisible. */
export function barsOf(counts: readonly number[]): SparkBar[] {
  const most = Math.max(1, ...counts);
  return counts.map((count, i) => ({
    ...{ x: i / counts.length, count },
    height: count === 0 ? 0 : Math.max(0.12, count / most),
  }));
}

/** Returns in words what a sparkline shows, for those who cannot see it. */
export function sparkText(counts: readonly number[], time: (part: number) => string): string {
  const most = Math.max(0, ...counts);
  if (most === 0) return 'None in this time';
  const last = counts.findLastIndex((count) => count > 0);
  return `At most ${most.toLocaleString()} at ${time(counts.indexOf(most))}, last at ${time(last)}`;
}
