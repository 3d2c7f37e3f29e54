import type { Clock } from '../../base/clock.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { DirtyFlows } from './dirty-flows.ts';
import type { ShownFlows } from './shown-flows.ts';

/**
 * Marks flows as idle once their rows are durable. Evicts idle flows from memory, a few at a time.
 */
export interface Evictor {
  /** Reports that these changes are durable, so that their flows can become idle. */
  written(changes: readonly FlowChange[]): void;
  stop(): void;
}

/** Maximum number of flows that are evicted after a write, plus two for each written row. */
const MIN_EVICTED = 60;
/** Maximum number of flows that are evicted at once after `IDLE_MS` without a write. */
const MAX_EVICTED_IDLE = 500;
const IDLE_MS = 2500;

export function createEvictor(
  clock: Clock,
  correlator: Pick<Correlator, 'markIdle' | 'evictIdle' | 'idleFlows'>,
  shown: Pick<ShownFlows, 'written' | 'drop'>,
  dirty: Pick<DirtyFlows, 'has'>,
): Evictor {
  let cancel: (() => void) | undefined;
  const evict = (most: number): void => {
    for (const key of correlator.evictIdle(most)) shown.drop(key);
    cancel?.();
    cancel =
      correlator.idleFlows === 0 ? undefined : clock.after(IDLE_MS, () => evict(MAX_EVICTED_IDLE));
  };
  return {
    written(changes) {
      for (const change of changes) {
        const key = shown.written(change);
        if (key !== undefined && !dirty.has(key)) correlator.markIdle(key);
      }
      evict(MIN_EVICTED + 2 * changes.length);
    },
    stop: () => cancel?.(),
  };
}
