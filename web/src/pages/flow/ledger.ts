import type { Flow, Step } from '@fermata/server/contract';

/** What was done, and what undid it. */
export interface LedgerEntry {
  /** The step that was done; null if the flow does not tell which. */
  done: Step | null;
  /** Name of what was undone, where `done` is not known. */
  name: string;
  undoneBy: Step[];
}

export interface Ledger {
  entries: LedgerEntry[];
  /** Steps that had been done when the undoing began, and that nothing undid. */
  kept: Step[];
  /** False if the flow undid nothing, so that nothing has to be accounted for. */
  hasUndone: boolean;
}

/**
 * Accounts for the compensations of a flow, in the order in which things were done. A step that
 * only failed had done nothing.
 */
export function ledgerOf({ steps }: Pick<Flow, 'steps'>): Ledger {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const isUndoing = (step: Step): boolean =>
    step.kind === 'compensation' || step.compensates !== null;
  const undoing = steps.filter(isUndoing);
  const [first] = undoing;
  const entries = steps
    .filter((step) => step.compensatedBy.length > 0)
    .map((done): LedgerEntry => {
      const undoneBy = done.compensatedBy.flatMap((id) => byId.get(id) ?? []);
      return { done, name: done.name, undoneBy };
    });
  const accounted = new Set(entries.flatMap(({ undoneBy }) => undoneBy));
  for (const step of undoing) {
    if (accounted.has(step)) continue;
    const done = (step.compensates !== null && byId.get(step.compensates)) || null;
    entries.push({ done, name: done?.name ?? step.compensates ?? '', undoneBy: [step] });
  }
  const undone = new Set(entries.map(({ done }) => done));
  const kept = steps.filter(
    (step) =>
      first !== undefined &&
      !isUndoing(step) &&
      !undone.has(step) &&
      step.status !== 'failed' &&
      BigInt(step.startUnixNano) < BigInt(first.startUnixNano),
  );
  return { entries, kept, hasUndone: first !== undefined || entries.length > 0 };
}

/** Returns all that was done in order of time, with what undid it; what is not known comes last. */
export function inOrder({ entries, kept }: Ledger): LedgerEntry[] {
  const all = [...entries, ...kept.map((done) => ({ done, name: done.name, undoneBy: [] }))];
  const known = all.filter(({ done }) => done !== null);
  const startOf = ({ done }: LedgerEntry): bigint => BigInt(done!.startUnixNano);
  known.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
  return [...known, ...all.filter(({ done }) => done === null)];
}
