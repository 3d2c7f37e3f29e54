/**
 * Minimum of a value in the current window (`now`) and in the window before it (`before`). Because
 * older values are dropped, a clock that was corrected is trusted again after two windows.
 */
export interface Least {
  sinceMs: number;
  now: number;
  before: number;
}

export const WINDOW_MS = 60_000;
/** A minimum has expired this long, ms, after its current window began. */
const RECENT_MS = 5 * WINDOW_MS;

export const nothingSeen = (): Least => ({ sinceMs: 0, now: Infinity, before: Infinity });

/**
 * Records a value that was observed at `atMs`. Returns whether the value begins a new window. A
 * value older than both windows is ignored.
 */
export function see(least: Least, value: number, atMs: number, nowMs: number): boolean {
  // A window that begins in the future means that the server's own clock was set back, so that
  // earlier observations no longer apply.
  const isAhead = least.sinceMs > nowMs + WINDOW_MS;
  if (!isAhead && atMs < least.sinceMs - WINDOW_MS) return false;
  const age = atMs - least.sinceMs;
  const isNew = isAhead || age >= WINDOW_MS;
  if (isNew) {
    least.before = isAhead || age >= RECENT_MS ? Infinity : least.now;
    least.now = Infinity;
    least.sinceMs = atMs;
  }
  least.now = Math.min(least.now, value);
  return isNew;
}

/** Returns the minimum of both windows; Infinity if no value was observed recently. */
export const leastOf = ({ sinceMs, now, before }: Least, nowMs: number): number =>
  nowMs - sinceMs < RECENT_MS ? Math.min(now, before) : Infinity;
