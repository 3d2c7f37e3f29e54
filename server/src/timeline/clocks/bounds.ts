/**
 * The least that was seen lately: in this window, or in the one before. A clock that was set right
 * is believed after two of them.
 */
export interface Least {
  sinceMs: number;
  now: number;
  before: number;
}

export const WINDOW_MS = 60_000;
/** What was not seen for so long is not known any more. */
const RECENT_MS = 5 * WINDOW_MS;

export const nothingSeen = (): Least => ({ sinceMs: 0, now: Infinity, before: Infinity });

/**
 * Whether it begins a new window. What is older than both windows is no news, and changes nothing.
 */
export function see(least: Least, value: number, atMs: number, nowMs: number): boolean {
  // The server's own clock was set back: what it saw before says nothing about now.
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

/** Infinity where it was not seen lately. */
export const leastOf = ({ sinceMs, now, before }: Least, nowMs: number): number =>
  nowMs - sinceMs < RECENT_MS ? Math.min(now, before) : Infinity;
