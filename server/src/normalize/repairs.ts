import { unixNanos, type UnixNanos } from '../model/time.ts';

/**
 * Holds the times of a span. An ordered list repairs them; each repair leaves a warning on the
 * span, which is shown and never fatal, and the raw values stay in the store.
 */
export interface Times {
  start: UnixNanos;
  end: UnixNanos;
}

/** A value above this is no time: signed 64-bit nanoseconds end in the year 2262. */
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
