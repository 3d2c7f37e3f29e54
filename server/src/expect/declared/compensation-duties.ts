import type { DefinedStep, Definition } from '../../model/definition.ts';
import { undoPair, type UndoDuties } from '../../model/duties.ts';

/**
 * Returns which steps must be undone once any step is undone, and in which order; null if the
 * definition declares no step that undoes another.
 */
export function declaredCompensationDuties(definition: Definition): UndoDuties | null {
  const undoable = definition.steps.filter((step) => step.compensatedBy !== null);
  if (undoable.length === 0) return null;
  const order = new Set<string>();
  if (definition.undoInOrder)
    for (const step of undoable)
      for (const before of ancestorsOf(step, definition)) order.add(undoPair(step.name, before));
  return { owed: new Set(undoable.map((step) => step.name)), order };
}

function ancestorsOf(step: DefinedStep, definition: Definition): Set<string> {
  const found = new Set<string>();
  const work = [...step.after];
  for (let name = work.pop(); name !== undefined; name = work.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    work.push(
      ...definition.steps.filter((other) => other.name === name).flatMap((other) => other.after),
    );
  }
  return found;
}
