import type { Attempt, Step } from '../model/flow.ts';
import { later, type UnixNanos } from '../model/time.ts';

export interface Pause {
  kind: 'retry-backoff' | 'unknown';
  start: UnixNanos;
  end: UnixNanos;
}

/**
 * Returns the pauses of a step in order of start: the times between its attempts, and the times in
 * which none of the step's spans was open. While an attempt was lost, nobody knows how long the
 * work went on, so all the time until the next attempt is unknown.
 */
export function pausesOf({ attempts, idle = [] }: Step): Pause[] {
  const pauses = idle.map(({ start, end }): Pause => ({ kind: 'unknown', start, end }));
  if (attempts.length < 2) return pauses;
  const sorted = [...attempts].sort((a, b) => compare(a.start, b.start));
  let busyUntil = sorted[0]!.start;
  for (const [i, attempt] of sorted.entries()) {
    const { start, end } = attempt;
    if (start > busyUntil) pauses.push({ kind: 'retry-backoff', start: busyUntil, end: start });
    if (start >= busyUntil && end !== null && isLost(attempt, sorted[i + 1]))
      pauses.push({ kind: 'unknown', start, end });
    busyUntil = later(busyUntil, end ?? start);
  }
  return pauses.sort((a, b) => compare(a.start, b.start));
}

/**
 * Returns whether the attempt is told as lost, because its message was delivered again. An attempt
 * whose process said that it ended has an end of its own.
 */
const isLost = ({ end, error }: Attempt, next: Attempt | undefined): boolean =>
  error?.type === 'lost' && end === next?.start;

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
