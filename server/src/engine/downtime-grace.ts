import type { Clock } from '../base/clock.ts';
import type { WaitingFor } from '../model/expectation.ts';

/**
 * Extends the deadlines of waits that became late or stuck while the server was down, because the
 * expected span may still be in a sender's queue. Senders deliver independently, so other spans of
 * the flow may arrive before the expected one.
 */
export interface DowntimeGrace {
  /**
   * Begins the grace period. `lastReceivedMs` is the time when the last span before the downtime
   * was received, epoch ms.
   */
  begin(lastReceivedMs: number): void;
  /**
   * End of the grace period, epoch ms. No wait whose deadline passed in the downtime is late before
   * this time.
   */
  readonly untilMs: number;
  extend(all: WaitingFor[]): WaitingFor[];
}

/**
 * Maximum grace period, ms. The period is as long as the downtime, up to this maximum, plus
 * `MIN_GRACE_MS`.
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
