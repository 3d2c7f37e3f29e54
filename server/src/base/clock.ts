/**
 * Source of time. All other code gets the time from a `Clock` (invariant I6), so that tests can use
 * a clock that they advance by hand.
 */
export interface Clock {
  /** Returns the wall-clock time, epoch ms. */
  now(): number;
  /**
   * Runs `task` once after `delayMs`. Returns a function that cancels it. Any delay is allowed,
   * whereas a single setTimeout is limited to 24.8 days.
   */
  after(delayMs: number, task: () => void): () => void;
}

/**
 * Maximum delay of setTimeout, ms; with a longer delay it would fire immediately. So a longer delay
 * is split into several timeouts.
 */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    after(delayMs, task) {
      const due = Date.now() + delayMs;
      let timer: NodeJS.Timeout;
      const arm = (): void => {
        const left = due - Date.now();
        timer =
          left > MAX_TIMEOUT_MS
            ? setTimeout(arm, MAX_TIMEOUT_MS)
            : setTimeout(task, Math.max(0, left));
      };
      arm();
      return () => clearTimeout(timer);
    },
  };
}

export interface ManualClock extends Clock {
  /** Advances the time, and runs the tasks that become due, in the order of their due times. */
  advance(ms: number): void;
}

/**
 * Creates a clock that moves only when `advance` is called. Tasks that become due run during this
 * call.
 */
export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let now = startMs;
  let tasks: { due: number; task: () => void }[] = [];
  return {
    now: () => now,
    after(delayMs, task) {
      const entry = { due: now + Math.max(0, delayMs), task };
      tasks.push(entry);
      return () => {
        tasks = tasks.filter((other) => other !== entry);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = tasks.filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0];
        if (!next) break;
        tasks = tasks.filter((other) => other !== next);
        now = Math.max(now, next.due);
        next.task();
      }
      now = end;
    },
  };
}
