/** Most columns of a chart; a time with more of them is shown without its empty ones. */
const MAX_COLUMNS = 240;

export interface Column {
  atMs: number;
  count: number;
}

/** Returns counts by time with a column for each length of time, also where nothing was counted. */
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
