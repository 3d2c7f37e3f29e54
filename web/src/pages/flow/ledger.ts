import type { Flow, Step } from '@fermata/server/contract';

/** A completed step, and the compensations that undid it. */
export interface LedgerEntry {
  /** The step that was undone; null if it is not known. */
  done: Step | null;
  /** Name of the step, also if `done` is not known. */
  name: string;
  undoneBy: Step[];
}

export interface Ledger {
  entries: LedgerEntry[];
  /** Steps that started before the first compensation and were not undone. */
  kept: Step[];
  /** True if the flow has compensations. */
  hasUndone: boolean;
}

/**
 * Lists which steps of a flow were undone, by which compensations, and which were not. Failed steps
 * are left out, because they completed nothing.
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

/**
 * Returns all steps, undone or not, in order of time. Entries whose step is not known come last.
 */
export function inOrder({ entries, kept }: Ledger): LedgerEntry[] {
  const all = [...entries, ...kept.map((done) => ({ done, name: done.name, undoneBy: [] }))];
  const known = all.filter(({ done }) => done !== null);
  const startOf = ({ done }: LedgerEntry): bigint => BigInt(done!.startUnixNano);
  known.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
  return [...known, ...all.filter(({ done }) => done === null)];
}
