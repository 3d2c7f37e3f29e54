import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowKey } from '../../model/keys.ts';
import { createProjectedLately, type Clocks } from '../../timeline/index.ts';

/**
 * Finds the flows to project again when a sender's clock gets a new verdict, because the verdict
 * also holds for flows that were projected without it.
 */
export interface ClockRevisions {
  /**
   * Judges clocks by the latest observations. Returns the keys of the flows to project again; null
   * if no clock has a new verdict.
   */
  revise(): readonly FlowKey[] | null;
  projected(key: FlowKey): void;
  /**
   * Schedules `onDue` for the time at which the clocks are to be judged again. A flow that was
   * projected may be evidence against a clock, and there may be no further span that starts a
   * cycle.
   */
  reviseLater(): void;
  stop(): void;
}

export interface ClockRevisionsOptions {
  clock: Clock;
  counters: Counters;
  clocks: Clocks;
  correlator: Pick<Correlator, 'spansOf'>;
  onDue(): void;
}

export function createClockRevisions(options: ClockRevisionsOptions): ClockRevisions {
  const { clock, counters, clocks, correlator } = options;
  const projectedLately = createProjectedLately();
  let cancel: (() => void) | undefined;
  return {
    revise() {
      const told = clocks.revise();
      if (told.size === 0) return null;
      const again = projectedLately.saidBy(told, correlator.spansOf);
      counters.add('fermata_flows_drawn_again_for_clocks_total', again.length);
      return again;
    },
    projected: (key) => projectedLately.projected(key),
    reviseLater() {
      if (clocks.dueAtMs === Infinity || cancel !== undefined) return;
      cancel = clock.after(Math.max(0, clocks.dueAtMs - clock.now()), () => {
        cancel = undefined;
        options.onDue();
      });
    },
    stop: () => cancel?.(),
  };
}
