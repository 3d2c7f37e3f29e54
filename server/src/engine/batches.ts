/**
 * Numbers requests in the order of their commits, and tracks up to which number all requests are
 * committed and correlated.
 */
export interface Batches {
  next(): number;
  /**
   * Continues after a restart: all requests up to `last` are committed, and flow rows include those
   * up to `derived`. Must be called before the first request.
   */
  restore(last: number, derived: number): void;
  committed(batch: number): void;
  /** Reports that all requests that were committed before the restart are correlated. */
  replayed(): void;
  correlated(batch: number): void;
  /**
   * Number up to which all committed requests are correlated, so that flow rows may be marked as
   * including them.
   */
  readonly lastCorrelated: number;
}

export function createBatches(): Batches {
  let last = 0;
  let lastCommitted = 0;
  /** Numbers of committed batches that are not correlated yet, in ascending order. */
  const uncorrelated = new Set<number>();
  return {
    next: () => ++last,
    restore(lastBatch, derived) {
      last = lastBatch;
      lastCommitted = derived;
    },
    committed(batch) {
      uncorrelated.add(batch);
      lastCommitted = Math.max(lastCommitted, batch);
    },
    replayed() {
      lastCommitted = last;
    },
    correlated: (batch) => void uncorrelated.delete(batch),
    get lastCorrelated() {
      for (const first of uncorrelated) return first - 1;
      return lastCommitted;
    },
  };
}
