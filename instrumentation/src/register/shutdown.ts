import { constants } from 'node:os';

export interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}
export interface Processor {
  forceFlush(): Promise<void>;
}

/**
 * Limit of the last export at a normal end, ms: with the processors' own timers a process ends at
 * most two seconds after its work.
 */
const MAX_FLUSH_MS = 1000;
/** Limit of the last export at a signal to end, ms. */
const MAX_STOP_MS = 2000;
/**
 * Interval of exports while the application shuts down, ms: `process.exit` may come at any time,
 * and waits for nothing.
 */
const DRAIN_FLUSH_MS = 100;
/** Time within which a signal that the process sends itself arrives, ms. */
const SIGNAL_TAKES_MS = 50;

/** Exports the last records when the process ends, by itself or by a signal. */
export function shutdownWithProcess(sdk: Sdk, processors: readonly Processor[]): void {
  process.once('beforeExit', () => {
    // The event loop was empty, so all that runs from here on is ours, unless there are other
    // listeners.
    const alone = process.listenerCount('beforeExit') === 0;
    void stopWithin(sdk, MAX_FLUSH_MS).then((how) => {
      if (alone && how === 'late') process.exit();
    });
  });
  const flush = (): void => {
    for (const processor of processors) processor.forceFlush().catch(() => undefined);
  };
  // The last records say why a service stopped. Ending the process is ours only where the app does
  // not handle the signal; where it does, it still has work to finish, whose spans are to come.
  // This listener is prepended and runs once, so that a listener that acts only when it is alone
  // (signal-exit) finds itself alone.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) === 0)
        void stopWithin(sdk, MAX_STOP_MS).then(() => endBy(signal));
      else {
        flush();
        setInterval(flush, DRAIN_FLUSH_MS).unref();
      }
    });
}

/**
 * Stops the SDK and resolves with how that ended. No other timer keeps the process alive for it.
 */
function stopWithin(sdk: Sdk, maxMs: number): Promise<'in time' | 'late'> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, maxMs, 'late');
    const done = (): void => {
      clearTimeout(late);
      resolve('in time');
    };
    sdk.shutdown().then(done, done);
  });
}

/**
 * Ends the process as it would have ended without us: its parent sees the signal, and no listener
 * for `exit` is called.
 */
function endBy(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
  // The first process of a container ignores a signal that it does not handle, so it exits instead.
  setTimeout(() => process.exit(128 + constants.signals[signal]), SIGNAL_TAKES_MS);
}
