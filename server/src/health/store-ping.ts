import type { Clock } from '../base/clock.ts';

/**
 * Whether the store answers. One that hangs is asked once, and waited for by nobody longer than two
 * seconds.
 */
export interface StorePing {
  ask(): Promise<void>;
  /** Asks if the last answer is old. */
  askNowAndThen(): void;
  /** As far as is known. */
  readonly answers: boolean;
}

const PING_EVERY_MS = 5000;
/** A store that takes longer does not answer. */
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
