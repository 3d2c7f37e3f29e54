/**
 * Lets other work of the event loop run once. Long work calls this between its pieces, so that it
 * does not block other work.
 */
export const yieldToEventLoop = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));
