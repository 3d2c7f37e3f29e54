import type { Clock } from '../base/clock.ts';
import type { WaitingFor } from '../model/expectation.ts';

/**
 * Grants extra time to what fell due while the server was down: it may lie in the senders' queues,
 * which deliver in their own order, whatever else of its flow arrives first.
 */
export interface DowntimeGrace {
  /** Begins the grace period; nothing was received since `lastReceivedMs`. */
  begin(lastReceivedMs: number): void;
  /** Nothing that fell due in the downtime is judged before this time, ms. */
  readonly untilMs: number;
  extend(all: WaitingFor[]): WaitingFor[];
}

/**
 * Overdue waits get as long again as the downtime lasted, up to this bound, plus `MIN_GRACE_MS`.
 */
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
