/** Runs asynchronous work one piece after the other, in the order of the calls. */
export interface Mutex {
  /** Settles with the outcome of `work`. A failure does not stop the work queued behind it. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when all work queued so far has ended. */
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
