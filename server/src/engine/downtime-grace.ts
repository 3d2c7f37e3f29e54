import type { Clock } from '../base/clock.ts';
import type { WaitingFor } from '../model/expectation.ts';

/**
 * Grants extra time to waits that fell due while the server was down. The expected span may still
 * be in a sender's queue. Each sender delivers in its own order, so other spans of the flow may
 * arrive before the expected span.
 */
export interface DowntimeGrace {
  /**
   * Begins the grace period. `lastReceivedMs` is when the last span before the downtime was
   * received.
   */
  begin(lastReceivedMs: number): void;
  /** Time, ms, before which no wait that fell due in the downtime counts as late. */
  readonly untilMs: number;
  extend(all: WaitingFor[]): WaitingFor[];
}

/**
 * Overdue waits get as much extra time as the downtime lasted, but at most this, ms. `MIN_GRACE_MS`
 * is added.
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
