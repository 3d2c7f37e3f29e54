/** Runs asynchronous work one piece after the other, in the order in which it was given. */
export interface Mutex {
  /** Resolves, or rejects, with what `work` gives. A failure does not stop what waits behind it. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when everything given so far has ended. */
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
