/**
 * Lets the event loop run once: long work that calls this between its pieces blocks no other work.
 */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));
