import type { Clock } from '../base/clock.ts';

/**
 * Tells whether the store answers. A store that hangs is not pinged again before it has answered,
 * and a caller waits for the answer at most two seconds.
 */
export interface StorePing {
  ask(): Promise<void>;
  /** Pings the store if the last ping is older than `PING_EVERY_MS`. */
  askNowAndThen(): void;
  /** Is true if the store answered the last ping in time, and before the first ping. */
  readonly answers: boolean;
}

const PING_EVERY_MS = 5000;
/** Longest time to wait for an answer, in ms. A store that takes longer counts as not answering. */
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
