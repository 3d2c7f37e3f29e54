/**
 * Provides the time. No other code reads the time (invariant I6): it is given a Clock, which tests
 * replace with one that they advance by hand.
 */
export interface Clock {
  /** Returns the wall clock, in ms since 1970. */
  now(): number;
  /**
   * Runs `task` once after `delayMs`, and returns a function that cancels it. Any delay is allowed,
   * whereas setTimeout alone ends at 24.8 days.
   */
  after(delayMs: number, task: () => void): () => void;
}

/**
 * Longest delay that setTimeout accepts; for a longer delay it fires immediately. Longer delays are
 * therefore waited for in pieces.
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
  /** Advances time and runs the tasks that became due, in order of due time. */
  advance(ms: number): void;
}

/** Creates a clock that moves only when `advance` is called; due timers run inside that call. */
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
