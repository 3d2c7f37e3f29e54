import { constants } from 'node:os';
import { announceDeliveries, failDeliveries } from '../core/in-flight.ts';
import type { LastExport } from './crash.ts';

export interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}
export interface Processor {
  forceFlush(): Promise<void>;
}

/**
 * Maximum time of the last export when a process ends by itself, ms. Together with the processors'
 * own timers, the process ends at most two seconds after its work.
 */
const MAX_FLUSH_MS = 1000;
/** Maximum time of the last export after SIGTERM or SIGINT, ms. */
const MAX_STOP_MS = 2000;
/**
 * Interval of exports while the application shuts down, ms. It is short, because the application
 * may call `process.exit` at any time, which then waits only for the export of the rest.
 */
const DRAIN_FLUSH_MS = 100;
/** Time to wait for a signal that the process sends to itself, ms. */
const SIGNAL_TAKES_MS = 50;

/** Exports the last records when the process ends by itself, by `process.exit` or by a signal. */
export function shutdownWithProcess(
  sdk: Sdk,
  processors: readonly Processor[],
  last: LastExport,
): void {
  process.on('exit', () => {
    loseDeliveries('the process ended');
    last.send();
  });
  process.once('beforeExit', () => {
    // `beforeExit` means that the event loop is empty. If no other listener of it starts new work,
    // the application has ended, so only the export keeps running.
    const alone = process.listenerCount('beforeExit') === 0;
    if (alone) loseDeliveries('the process ended');
    void stopWithin(sdk, MAX_FLUSH_MS).then((how) => {
      last.giveUp();
      if (alone && how === 'late') process.exit();
    });
  });
  const flush = (): void => {
    announceDeliveries();
    for (const processor of processors) processor.forceFlush().catch(() => undefined);
  };
  // The last records are exported, because they tell why a service stopped. If the application does
  // not handle the signal, this package ends the process. If it does, the application still works
  // and makes spans, so exports go on until it exits. The listener is prepended and removed before
  // it runs, because libraries such as signal-exit act only if no other listener is left.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) === 0) {
        loseDeliveries(`the process was ended by ${signal}`);
        void stopWithin(sdk, MAX_STOP_MS).then(() => {
          last.giveUp();
          endBy(signal);
        });
      } else {
        flush();
        setInterval(flush, DRAIN_FLUSH_MS).unref();
      }
    });
}

/**
 * Ends the deliveries that are being handled with the error `lost`, because nobody handles them any
 * more. Otherwise they would seem to be in progress until they are overdue.
 */
function loseDeliveries(why: string): void {
  failDeliveries(Object.assign(new Error(why), { name: 'lost', stack: '' }));
}

/**
 * Stops the SDK, and resolves with whether it stopped within `maxMs`. Only this function's timer
 * keeps the process alive meanwhile.
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
 * Ends the process as the signal would have ended it without this package: the parent process sees
 * the signal as the reason, and no `exit` listener is called.
 */
function endBy(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
  // The first process of a container (pid 1) ignores a signal without a listener, so it is ended by
  // `process.exit`.
  setTimeout(() => process.exit(128 + constants.signals[signal]), SIGNAL_TAKES_MS);
}
