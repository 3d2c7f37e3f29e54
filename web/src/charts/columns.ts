/**
 * Maximum number of columns for which empty ones are filled in. A longer chart shows only times
 * with a count.
 */
const MAX_COLUMNS = 240;

export interface Column {
  atMs: number;
  count: number;
}

/**
 * Returns a column for each bucket between the first and the last, including buckets with a count
 * of 0, unless there are more than `MAX_COLUMNS`.
 */
export function columnsOf(
  buckets: readonly { at: string; flows: number }[],
  bucketMs: number,
): Column[] {
  const known = buckets.map(({ at, flows }) => ({ atMs: Date.parse(at), count: flows }));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return [];
  const length = Math.round((last.atMs - first.atMs) / bucketMs) + 1;
  if (length > MAX_COLUMNS) return known;
  const counts = new Map(known.map(({ atMs, count }) => [atMs, count]));
  return Array.from({ length }, (_none, i) => {
    const atMs = first.atMs + i * bucketMs;
    return { atMs, count: counts.get(atMs) ?? 0 };
  });
}
