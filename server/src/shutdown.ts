import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';

/**
 * For all of a stop, within the limit of whoever calls it; and for each part where the others took
 * that.
 */
const STOP_MS = 14_000;
const MIN_STOP_MS = 500;

/**
 * Stops parts one after the other. What was acknowledged is durable, and what derives from it is
 * made up for at the next start, so that a part that hangs is not waited for.
 */
export async function stopAll(
  clock: Clock,
  log: Log,
  parts: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const until = clock.now() + STOP_MS;
  for (const [name, stop] of Object.entries(parts))
    if (!(await isDoneBy(clock, Math.max(until, clock.now() + MIN_STOP_MS), stop())))
      log.warn({ name }, 'not waited for any longer; what it left follows at the next start');
}

const isDoneBy = (clock: Clock, atMs: number, work: Promise<void>): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const cancel = clock.after(atMs - clock.now(), () => resolve(false));
    work.then(() => resolve(true), reject).finally(cancel);
  });
