import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';

/**
 * Time limits of a stop, ms. `STOP_MS` is the limit for all parts together, and below the limit in
 * `main.ts`. `MIN_STOP_MS` is the minimum for each part, even if earlier parts have used up the
 * time.
 */
const STOP_MS = 14_000;
const MIN_STOP_MS = 500;

/**
 * Stops the parts one after the other. A part that does not stop in time is abandoned. No data is
 * lost, because acknowledged spans are durable, and the next start derives everything else from
 * them.
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
