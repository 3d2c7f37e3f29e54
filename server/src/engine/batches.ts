/**
 * Assigns ascending numbers to requests (batches). Tracks the number up to which all requests are
 * committed and correlated.
 */
export interface Batches {
  next(): number;
  /**
   * Restores the state after a restart: requests up to `last` are committed, and stored flows
   * include those up to `derived`. Must be called before the first request.
   */
  restore(last: number, derived: number): void;
  committed(batch: number): void;
  /** Reports that all requests which were committed before the restart are now correlated. */
  replayed(): void;
  correlated(batch: number): void;
  /**
   * Number up to which all committed requests are correlated. Once all changed flows are written,
   * their rows may be marked as including these requests.
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
