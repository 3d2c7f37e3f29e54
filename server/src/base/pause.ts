/**
 * Lets the event loop do other work once. Long computations call it between their parts, so that
 * they do not block other work.
 */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));
