import type { Clock } from '../../base/clock.ts';
import { createDeadlines } from '../../base/deadlines.ts';
import type { Flow } from '../../model/flow.ts';

/**
 * Tracks open flows, in memory or evicted: when each flow settles, and when each flow is due for
 * re-evaluation.
 */
export interface OpenFlows {
  /**
   * Records the state of a flow that has just been projected: whether it is open, when it settles,
   * and when it is due for re-evaluation.
   */
  track(flow: Flow): void;
  /**
   * Restores, at start, an open flow that is only in the store. Each time is in ms; null if the
   * flow does not settle, or is not due for re-evaluation.
   */
  restore(id: string, settlesAtMs: number | null, lookAtMs: number | null): void;
  forget(id: string): void;
  readonly size: number;
  stop(): void;
}

export interface OpenFlowsOptions {
  clock: Clock;
  /** Idle time, ms, after which a flow without a declared end counts as ended. */
  settleMs: number;
  /** Called with the ids of flows that have settled and count as ended from now on. */
  onSettled: (ids: string[]) => void;
  /** Called with the ids of flows that are due for re-evaluation. */
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
