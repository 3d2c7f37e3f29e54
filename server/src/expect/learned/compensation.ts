import { readUndoPair, undoPair, type UndoDuties } from '../../model/duties.ts';
import { MAX_MEMBERS } from './digest.ts';
import type { Ledger } from './ledger.ts';
import { wilson } from './outcome-sets.ts';

/**
 * Counts, over flows that undid something, how often each step was done and undone, and in which
 * order steps were undone.
 */
export interface UndoModel {
  done: Map<string, number>;
  undone: Map<string, number>;
  /** For each pair of steps (`undoPair`): how often the first was undone before the second. */
  order: Map<string, number>;
}

const MAX_UNDO = 2000;
function count(map: Map<string, number>, key: string, weight: number): void {
  if (!map.has(key) && map.size >= MAX_UNDO) return;
  map.set(key, Math.max(0, (map.get(key) ?? 0) + weight));
}

/** Counts which steps one flow did and undid. */
export function teachUndo(model: UndoModel, { done, undone }: Ledger, weight: number): void {
  for (const name of done) count(model.done, name, weight);
  const wasDone = new Set(done);
  for (const name of undone) if (wasDone.has(name)) count(model.undone, name, weight);
  for (const [name, later] of pairsOf(undone)) count(model.order, undoPair(name, later), weight);
}

const DUTY = 0.95;
/**
 * Minimum share of flows that undo two steps in the same order for the order to be a rule. This
 * share is lower than `DUTY`, because until the right order is known, flows with the wrong order
 * are learned from as well.
 */
const ORDER = 0.9;
/**
 * Returns which steps are undone whenever any step is undone, and in which order. The step must be
 * undone in 95 % of flows, and the order must hold in 90 %. Both shares are lower bounds of the
 * interval of `wilson`.
 */
export function learnedCompensationDuties({ done, undone, order }: UndoModel): UndoDuties {
  const owed = [...undone].filter(([name, n]) => wilson(n, done.get(name) ?? n).lower >= DUTY);
  const binding = [...order].filter(([pair, n]) => {
    const [first, second] = readUndoPair(pair);
    return wilson(n, n + (order.get(undoPair(second, first)) ?? 0)).lower >= ORDER;
  });
  return {
    owed: new Set(owed.map(([name]) => name)),
    order: new Set(binding.map(([pair]) => pair)),
  };
}

/**
 * Returns whether a flow left undone a step that is always undone, or undid steps in the wrong
 * order.
 */
export function breaksCompensationDuties(ledger: Ledger | null, model: UndoModel): boolean {
  if (ledger === null) return false;
  const { done, undone } = ledger;
  const { owed, order } = learnedCompensationDuties(model);
  const wasUndone = new Set(undone);
  if (done.some((name) => owed.has(name) && !wasUndone.has(name))) return true;
  for (const [name, later] of pairsOf(undone)) if (order.has(undoPair(later, name))) return true;
  return false;
}

/**
 * Yields each pair of the first `MAX_MEMBERS` names, because pairs of further names would not be
 * counted anyway.
 */
function* pairsOf(undone: readonly string[]): Generator<[first: string, second: string]> {
  const names = undone.slice(0, MAX_MEMBERS);
  for (const [i, name] of names.entries())
    for (let j = i + 1; j < names.length; j++) yield [name, names[j]!];
}
