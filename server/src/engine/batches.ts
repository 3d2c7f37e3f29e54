/**
 * Numbers of requests, in the order of their commits, and how far everything up to a number has
 * come.
 */
export interface Batches {
  next(): number;
  /**
   * Everything up to `last` was committed, and up to `derived` it is in the flow rows. Before the
   * first request.
   */
  restore(last: number, derived: number): void;
  committed(batch: number): void;
  /** All that was committed before the restart is correlated. */
  replayed(): void;
  correlated(batch: number): void;
  /** Everything up to this one is correlated: flow rows may say that they include it. */
  readonly lastCorrelated: number;
}

export function createBatches(): Batches {
  let last = 0;
  let lastCommitted = 0;
  /** Committed, and not correlated yet, in order. */
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
