import type { Clock } from '../base/clock.ts';
import type { WaitingFor } from '../model/expectation.ts';

/**
 * What fell due while nobody could receive may have arrived at the senders' queues, which deliver
 * in their own order: it gets time, whatever else of its flow arrives meanwhile.
 */
export interface DowntimeGrace {
  /** Nothing was received from then until now, ms. */
  begin(lastReceivedMs: number): void;
  /** Nothing that fell due in the downtime is judged before then, ms. */
  readonly untilMs: number;
  extend(all: WaitingFor[]): WaitingFor[];
}

/** Overdue waits get as long again as the downtime lasted, to a bound, and a moment more. */
const MAX_GRACE_MS = 600_000;
const MIN_GRACE_MS = 30_000;

export function createDowntimeGrace(clock: Clock): DowntimeGrace {
  let fromMs = 0;
  let toMs = 0;
  let untilMs = 0;
  return {
    begin(lastReceivedMs) {
      fromMs = lastReceivedMs;
      toMs = clock.now();
      untilMs = toMs + Math.min(Math.max(0, toMs - fromMs), MAX_GRACE_MS) + MIN_GRACE_MS;
    },
    get untilMs() {
      return untilMs;
    },
    extend(all) {
      if (clock.now() >= untilMs) return all;
      return all.map((waiting) => {
        const { since, lateAt, stuckAt } = waiting;
        if (since >= toMs || stuckAt <= fromMs) return waiting;
        return {
          ...waiting,
          lateAt: Math.max(lateAt, untilMs),
          stuckAt: Math.max(stuckAt, untilMs),
        };
      });
    },
  };
}
