/** Runs asynchronous work one at a time, in the order of the calls. */
export interface Mutex {
  /**
   * Runs `work` after all previously queued work, and returns its result. A failure does not
   * prevent later work from running.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when all work that is queued at present has ended. */
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
