import type { Clock } from './base/clock.ts';
import type { Counters } from './base/counters.ts';
import type { StatsTick } from './contract/index.ts';

/**
 * Sends the server's statistics (open flows, spans per second, conditions) to open dashboards every
 * second.
 */
export interface Figures {
  start(): void;
  stop(): void;
}

const TICK_MS = 1000;

export function createFigures(
  clock: Clock,
  counters: Counters,
  read: () => Pick<StatsTick, 'openFlows' | 'conditions'>,
  show: (figures: Omit<StatsTick, 'sequence'>) => void,
): Figures {
  let before = 0;
  let cancel: (() => void) | undefined;
  const committed = (): number =>
    counters.read().find(({ name }) => name === 'fermata_committed_records_total')?.value ?? 0;
  const tick = (): void => {
    const now = committed();
    show({ ...read(), spansPerSecond: now - before, atMs: clock.now() });
    before = now;
    cancel = clock.after(TICK_MS, tick);
  };
  return { start: tick, stop: () => cancel?.() };
}
