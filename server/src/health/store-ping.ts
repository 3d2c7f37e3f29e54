import type { Clock } from '../base/clock.ts';

/**
 * Checks whether the store answers. If the store hangs, it is not pinged again until it has
 * answered, and a caller waits at most two seconds.
 */
export interface StorePing {
  ask(): Promise<void>;
  /** Pings the store if the last ping is more than `PING_EVERY_MS` ago. */
  askNowAndThen(): void;
  /** True if the store answered the last ping in time, or has not been pinged yet. */
  readonly answers: boolean;
}

const PING_EVERY_MS = 5000;
/** Maximum time to wait for an answer, ms. After that, the store counts as not answering. */
const PING_MS = 2000;

export function createStorePing(clock: Clock, ping: () => Promise<boolean>): StorePing {
  let asking: Promise<boolean> | undefined;
  let askedMs = -Infinity;
  let answers = true;
  const ask = async (): Promise<void> => {
    askedMs = clock.now();
    asking ??= ping()
      .catch(() => false)
      .finally(() => (asking = undefined));
    let tooLong = (): void => undefined;
    const patience = new Promise<false>((resolve) => {
      tooLong = clock.after(PING_MS, () => resolve(false));
    });
    answers = await Promise.race([asking, patience]);
    tooLong();
  };
  return {
    ask,
    askNowAndThen() {
      if (clock.now() - askedMs >= PING_EVERY_MS) void ask();
    },
    get answers() {
      return answers;
    },
  };
}
