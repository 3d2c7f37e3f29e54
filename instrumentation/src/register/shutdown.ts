import { constants } from 'node:os';

export interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}
export interface Processor {
  forceFlush(): Promise<void>;
}

/** With the processors' own timers a process ends at most two seconds after its work. */
const MAX_FLUSH_MS = 1000;
/** A signal to end waits no longer than this for what was recorded last. */
const MAX_STOP_MS = 2000;
/**
 * While the application shuts down, what ended is sent this often: `process.exit` may come at any
 * time, and waits for nothing.
 */
const DRAIN_FLUSH_MS = 100;
/** A signal of one's own may come a little later. */
const SIGNAL_TAKES_MS = 50;

/** Sends what was recorded last when the process ends, by itself or by a signal. */
export function shutdownWithProcess(sdk: Sdk, processors: readonly Processor[]): void {
  process.once('beforeExit', () => {
    // Nothing ran any more: what runs from here on is ours, unless others listen, too.
    const alone = process.listenerCount('beforeExit') === 0;
    void stopWithin(sdk, MAX_FLUSH_MS).then((how) => {
      if (alone && how === 'late') process.exit();
    });
  });
  const flush = (): void => {
    for (const processor of processors) processor.forceFlush().catch(() => undefined);
  };
  // What was recorded last says why a service stopped. Only where the app does not handle the
  // signal is leaving ours; where it does it still has work to end, whose spans are to come. First
  // in line: what handles it only where nobody else does (signal-exit) finds itself alone.
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

/** Stops the SDK, and tells how that ended. Nothing else keeps the process alive for it. */
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
 * Ends the process as it would have ended without us: whoever started it sees the signal, and no
 * listener for `exit` is called.
 */
function endBy(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
  // The first process of a container ignores a signal that it does not handle.
  setTimeout(() => process.exit(128 + constants.signals[signal]), SIGNAL_TAKES_MS);
}
