import { constants } from 'node:os';
import { announceDeliveries, failDeliveries } from '../core/in-flight.ts';

export interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}
export interface Processor {
  forceFlush(): Promise<void>;
}

/**
 * Maximum time of the last export when a process ends normally, ms. With the processors' own
 * timers, a process ends at most two seconds after its work.
 */
const MAX_FLUSH_MS = 1000;
/** Maximum time of the last export after a signal to end, ms. */
const MAX_STOP_MS = 2000;
/**
 * Interval of exports while the application shuts down, ms. It is short, because the application
 * may call `process.exit` at any time, which waits for nothing.
 */
const DRAIN_FLUSH_MS = 100;
/** Maximum time until a signal that the process sends to itself arrives, ms. */
const SIGNAL_TAKES_MS = 50;

/** Exports the last records when the process ends, by itself or by a signal. */
export function shutdownWithProcess(sdk: Sdk, processors: readonly Processor[]): void {
  process.once('beforeExit', () => {
    // `beforeExit` is emitted when the event loop is empty, so all that runs from here on is ours,
    // unless `beforeExit` has other listeners.
    const alone = process.listenerCount('beforeExit') === 0;
    if (alone) loseDeliveries('the process ended');
    void stopWithin(sdk, MAX_FLUSH_MS).then((how) => {
      if (alone && how === 'late') process.exit();
    });
  });
  const flush = (): void => {
    announceDeliveries();
    for (const processor of processors) processor.forceFlush().catch(() => undefined);
  };
  // The records are exported because the last ones say why a service stopped. We end the process
  // only if the app does not handle the signal. If the app handles it, the app still has work to
  // finish, and the spans of that work are to come. This listener is prepended and runs once, so
  // that a listener that acts only if it is the only one (signal-exit) does act.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) === 0) {
        loseDeliveries(`the process was ended by ${signal}`);
        void stopWithin(sdk, MAX_STOP_MS).then(() => endBy(signal));
      } else {
        flush();
        setInterval(flush, DRAIN_FLUSH_MS).unref();
      }
    });
}

/**
 * Ends what is being handled as lost, because nobody works on it any more. Without this it would
 * seem to be worked on until it is overdue, if its message is not delivered again.
 */
function loseDeliveries(why: string): void {
  failDeliveries(Object.assign(new Error(why), { name: 'lost', stack: '' }));
}

/**
 * Stops the SDK and resolves with whether it stopped in time. Only the timer of this function keeps
 * the process alive meanwhile.
 */
function stopWithin(sdk: Sdk, maxMs: number): Promise<'in time' | 'late'> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, maxMs, 'late');
    const done = (): void => {
      clearTimeout(late);
      resolve('in time');
    };
    announceDeliveries();
    sdk.shutdown().then(done, done);
  });
}

/**
 * Ends the process as the signal would have ended it without us: the parent process sees the
 * signal, and no listener for `exit` is called.
 */
function endBy(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
  // The first process of a container (pid 1) ignores a signal that it does not handle, so such a
  // process exits instead.
  setTimeout(() => process.exit(128 + constants.signals[signal]), SIGNAL_TAKES_MS);
}
