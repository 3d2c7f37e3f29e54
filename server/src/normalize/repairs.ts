import { unixNanos, type UnixNanos } from '../model/time.ts';

/**
 * Holds the times of a span, which `repairTimes` corrects. Each correction adds a warning that is
 * shown with the span. The raw times stay in the store.
 */
export interface Times {
  start: UnixNanos;
  end: UnixNanos;
}

/**
 * Latest valid instant: 64-bit signed nanoseconds end in the year 2262. A larger value is not a
 * time.
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
