import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowKey } from '../../model/keys.ts';
import { createProjectedLately, type Clocks } from '../../timeline/index.ts';

/**
 * Finds the flows that must be projected again after a new verdict about a sender's clock, because
 * they were projected without this verdict.
 */
export interface ClockRevisions {
  /**
   * Judges all clocks by the observations so far. Returns the keys of the flows that must be
   * projected again; null if no verdict changed.
   */
  revise(): readonly FlowKey[] | null;
  projected(key: FlowKey): void;
  /**
   * Schedules `onDue` for the time when the clocks must be judged again. Otherwise a verdict would
   * have to wait for the next span, which may never come.
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
