/** Runs pieces of asynchronous work one after the other, in the order of the calls. */
export interface Mutex {
  /**
   * Runs `work` after all work that was queued before, and settles like `work`. If `work` fails,
   * the work that is queued behind it still runs.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when all work that has been queued so far has ended. */
  idle(): Promise<unknown>;
}

export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
    idle: () => last,
  };
}
