import { append } from '../base/lists.ts';
import type { Hop, Step } from './flow.ts';

/**
 * Returns the ids of failed steps that a later try mended: what the failure caused led to the same
 * step again, by a new message, and this time the step succeeded. A redelivery of the same message
 * is not treated here, because it is another attempt of one step.
 *
 * The later step must have been caused by the failed one. A step of the same name with another
 * cause may concern another item of the order, and would hide the failure (`mended.test.ts`).
 */
export function mendedSteps(steps: readonly Step[], hops: readonly Hop[]): ReadonlySet<string> {
  const failed = steps.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return NONE;
  const ofId = new Map(steps.map((step) => [step.id, step]));
  const next = new Map<string, string[]>();
  const aside = new Set<string>();
  for (const { from, to } of hops)
    if (from !== null && to !== null && from !== to) append(next, from, to);
  // A step that consumes from a dead-letter queue is not a later try, even if it has the same name.
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
