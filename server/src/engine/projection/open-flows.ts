import type { Clock } from '../../base/clock.ts';
import { createDeadlines } from '../../base/deadlines.ts';
import type { Flow } from '../../model/flow.ts';

/**
 * Flows that have not ended, in memory or not: when each settles, and when it has to be judged
 * again.
 */
export interface OpenFlows {
  /** As it was projected now. */
  track(flow: Flow): void;
  /** An open flow that is only in the store. Both times in ms; null: it does not by itself. */
  restore(id: string, settlesAtMs: number | null, lookAtMs: number | null): void;
  forget(id: string): void;
  readonly size: number;
  stop(): void;
}

export interface OpenFlowsOptions {
  clock: Clock;
  /** Idle time after which a flow whose end nobody declares counts as ended, ms. */
  settleMs: number;
  /** These count as ended now. */
  onSettled: (ids: string[]) => void;
  /** What is said of these may be another thing by now. */
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
