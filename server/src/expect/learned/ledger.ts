import type { Flow, Step } from '../../model/flow.ts';

/**
 * Names of the steps that were done (sorted), and of the steps that were undone (in the order of
 * undoing).
 */
export interface Ledger {
  done: string[];
  undone: string[];
}

/** Returns what the flow did and undid; null if it undid nothing. */
export function ledgerOf(flow: Flow): Ledger | null {
  const undos = flow.steps.filter((step) => step.compensates !== null && step.status !== 'failed');
  if (undos.length === 0) return null;
  const byId = new Map(flow.steps.map((step) => [step.id, step]));
  const nameOf = (undo: Step): string => byId.get(undo.compensates!)?.name ?? undo.compensates!;
  const forward = flow.steps.filter(
    (step) => step.compensates === null && step.status !== 'failed',
  );
  return {
    done: [...new Set(forward.map((step) => step.name))].sort(),
    undone: [...new Set(undos.sort((a, b) => (a.start < b.start ? -1 : 1)).map(nameOf))],
  };
}
