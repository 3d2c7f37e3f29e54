import { unixNanos, type UnixNanos } from '../model/time.ts';

/**
 * Times of a span. `repairTimes` corrects invalid times and returns warnings, which are displayed
 * with the span. The store keeps the original times.
 */
export interface Times {
  start: UnixNanos;
  end: UnixNanos;
}

/**
 * Latest valid instant, in the year 2262, where signed 64-bit nanoseconds end. A larger value is an
 * error of the sender.
 */
const FAR_FUTURE = unixNanos(2n ** 63n - 1n);

const REPAIRS: readonly { warning: string; applies(t: Times): boolean; repair(t: Times): Times }[] =
  [
    {
      warning: 'start-out-of-range',
      applies: (t) => t.start > FAR_FUTURE,
      repair: (t) => ({ start: t.end > FAR_FUTURE ? FAR_FUTURE : t.end, end: t.end }),
    },
    {
      warning: 'end-out-of-range',
      applies: (t) => t.end > FAR_FUTURE,
      repair: (t) => ({ start: t.start, end: t.start }),
    },
    {
      warning: 'end-before-start',
      applies: (t) => t.end < t.start,
      repair: (t) => ({ start: t.start, end: t.start }),
    },
  ];

export function repairTimes(times: Times): { times: Times; warnings: string[] } | null {
  let warnings: string[] | null = null;
  for (const repair of REPAIRS) {
    if (!repair.applies(times)) continue;
    times = repair.repair(times);
    (warnings ??= []).push(repair.warning);
  }
  return warnings && { times, warnings };
}
