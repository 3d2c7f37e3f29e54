import { countWhile, groupedBy, inOrder } from '../../base/lists.ts';
import type { Definition } from '../../model/definition.ts';
import type { Flow, Step } from '../../model/flow.ts';
import { isComplete, isDone, performersIn } from './performers.ts';

/**
 * Returns the flow as its definition describes it: the definition decides which steps undo others,
 * and whether the flow has ended.
 */
export function applyDefinition(flow: Flow, definition: Definition): Flow {
  const seen = withCompensations(flow, definition);
  if (seen.outcome !== null) return seen;
  const performers = performersIn(seen);
  let end: { at: Step; outcome: NonNullable<Flow['outcome']> } | null = null;
  for (const { step, outcome } of definition.ends)
    for (const at of performers(step, null))
      if (isDone(at) && (end === null || at.start < end.at.start)) end = { at, outcome };
  // Without a declared end the flow ends when every required step is done.
  if (end === null && definition.ends.length === 0 && isComplete(definition, performers)) {
    const last = seen.steps.reduce((a, b) => ((b.end ?? b.start) > (a.end ?? a.start) ? b : a));
    end = { at: last, outcome: 'completed' };
  }
  if (end === null || seen.steps.some((step) => step.status === 'running')) return seen;
  const at = end.at.end ?? end.at.start;
  return {
    ...seen,
    phase: 'ended',
    outcome: end.outcome,
    status: end.outcome,
    statusSince: at,
    ended: at,
    idleOutcome: null,
  };
}

function withCompensations(flow: Flow, definition: Definition): Flow {
  const undoneBy = new Map(
    definition.steps.flatMap((step): [string, string][] =>
      step.compensatedBy === null ? [] : [[step.compensatedBy, step.name]],
    ),
  );
  const undoes = (step: Step): string | undefined =>
    step.compensates === null ? undoneBy.get(step.name) : undefined;
  if (!flow.steps.some((step) => undoes(step) !== undefined)) return flow;
  const steps = flow.steps.map((step): Step => {
    const undone = undoes(step);
    return undone === undefined ? step : { ...step, compensates: undone, kind: 'compensation' };
  });
  // A step that undoes another is linked to the undone step: of the steps with the undone name, the
  // one that began last before the undoing step.
  const named = groupedBy(inOrder(steps, byStart), (step) => step.name);
  const undoing = new Map<Step, string[]>();
  for (const undo of steps) {
    const same = named.get(undo.compensates ?? '') ?? [];
    const undone = same[countWhile(same, (step) => step.start <= undo.start) - 1];
    if (undone === undefined || undone === undo) continue;
    const by = undoing.get(undone);
    if (by) by.push(undo.id);
    else undoing.set(undone, [undo.id]);
  }
  const linked = steps.map((step): Step => {
    const by = undoing.get(step);
    return by === undefined
      ? step
      : { ...step, compensatedBy: [...new Set([...step.compensatedBy, ...by])] };
  });
  return { ...flow, steps: linked, phase: flow.phase === 'open' ? 'compensating' : flow.phase };
}
const byStart = (a: Step, b: Step): number => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0);
