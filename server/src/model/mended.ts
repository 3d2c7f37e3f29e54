import { append } from '../base/lists.ts';
import type { Hop, Step } from './flow.ts';

/**
 * Returns the ids of failed steps that a later try mended: what followed from the failure led to
 * the same step again, by a new message, and that one succeeded. A redelivery of the same message
 * needs no such rule, because it is another attempt of one step.
 *
 * Only what the failed step caused counts. A step of the same name that something else caused may
 * be about another item of the order, and would hide a failure (`mended.test.ts`).
 */
export function mendedSteps(steps: readonly Step[], hops: readonly Hop[]): ReadonlySet<string> {
  const failed = steps.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return NONE;
  const ofId = new Map(steps.map((step) => [step.id, step]));
  const next = new Map<string, string[]>();
  const aside = new Set<string>();
  for (const { from, to } of hops)
    if (from !== null && to !== null && from !== to) append(next, from, to);
  // A step that takes messages which were set aside is no later try, even if it has the same name.
  for (const { to, state } of hops) if (to !== null && state === 'dead-lettered') aside.add(to);
  return new Set(failed.filter((step) => isMended(step, ofId, next, aside)).map(({ id }) => id));
}

const NONE: ReadonlySet<string> = new Set();

function isMended(
  failed: Step,
  ofId: ReadonlyMap<string, Step>,
  next: ReadonlyMap<string, readonly string[]>,
  aside: ReadonlySet<string>,
): boolean {
  const reached = new Set([failed.id]);
  for (const id of reached)
    for (const to of next.get(id) ?? []) {
      const step = ofId.get(to);
      if (step === undefined || reached.has(to)) continue;
      const isSame = step.typeKey === failed.typeKey && !aside.has(to);
      if (isSame && step.status !== 'failed' && step.end !== null) return true;
      reached.add(to);
    }
  return false;
}
