/**
 * Lets whatever waits for the event loop come in between: long work done in pieces blocks nobody.
 */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));
