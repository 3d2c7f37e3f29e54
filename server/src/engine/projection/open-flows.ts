import type { Clock } from '../../base/clock.ts';
import { createDeadlines } from '../../base/deadlines.ts';
import type { Flow } from '../../model/flow.ts';

/**
 * Tracks all open flows, including evicted ones. Calls `onSettled` when a flow counts as ended
 * because it was idle, and `onDue` when a flow must be re-evaluated.
 */
export interface OpenFlows {
  /**
   * Records the state of a flow after its projection: whether it is open, when it counts as ended
   * if it stays idle, and when it must be re-evaluated.
   */
  track(flow: Flow): void;
  /**
   * Restores a stored open flow at start. Both times are epoch ms. `settlesAtMs` is null if
   * idleness does not end the flow, and `lookAtMs` is null if it needs no re-evaluation.
   */
  restore(id: string, settlesAtMs: number | null, lookAtMs: number | null): void;
  forget(id: string): void;
  readonly size: number;
  stop(): void;
}

export interface OpenFlowsOptions {
  clock: Clock;
  /** Time, ms, for which a flow without a declared end must be idle to count as ended. */
  settleMs: number;
  /**
   * Called with the ids of flows that now count as ended, because they were idle for `settleMs`.
   */
  onSettled: (ids: string[]) => void;
  /** Called with the ids of flows that must be re-evaluated now. */
  onDue: (ids: string[]) => void;
}

export function createOpenFlows({
  clock,
  settleMs,
  onSettled,
  onDue,
}: OpenFlowsOptions): OpenFlows {
  const open = new Set<string>();
  const settling = createDeadlines(clock, (ids) => {
    for (const id of ids) open.delete(id);
    onSettled(ids);
  });
  const evaluations = createDeadlines(clock, onDue);

  const end = (id: string): void => {
    open.delete(id);
    settling.clear(id);
  };
  return {
    track({ id, phase, idleOutcome, lastReceivedMs, lookAtMs }) {
      if (lookAtMs === null) evaluations.clear(id);
      else evaluations.set(id, lookAtMs);
      const settlesAt = lastReceivedMs + settleMs;
      if (phase === 'ended' || (idleOutcome !== null && settlesAt <= clock.now())) return end(id);
      open.add(id);
      if (idleOutcome === null) settling.clear(id);
      else settling.set(id, settlesAt);
    },
    restore(id, settlesAtMs, lookAtMs) {
      open.add(id);
      if (settlesAtMs !== null) settling.set(id, settlesAtMs);
      if (lookAtMs !== null) evaluations.set(id, lookAtMs);
    },
    forget(id) {
      end(id);
      evaluations.clear(id);
    },
    get size() {
      return open.size;
    },
    stop() {
      settling.stop();
      evaluations.stop();
    },
  };
}
