import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowKey } from '../../model/keys.ts';
import { createProjectedLately, type Clocks } from '../../timeline/index.ts';

/**
 * A new verdict about a sender's clock is also true of flows that were projected without it: those
 * are projected again.
 */
export interface ClockRevisions {
  /**
   * Judges what the clocks have shown since. Gives keys of the flows to be projected again; null:
   * no new verdict.
   */
  revise(): readonly FlowKey[] | null;
  projected(key: FlowKey): void;
  /**
   * What was projected may speak against a clock although nothing else arrives: `onDue` is called
   * when that is known.
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
