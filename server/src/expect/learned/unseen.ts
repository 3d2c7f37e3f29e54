import type { WaitingFor } from '../../model/expectation.ts';
import type { Digest, DigestStep } from './digest.ts';
import type { TypeModel } from './model.ts';

/**
 * Returns whether the flow has several steps without a known cause. Only such a flow can lack the
 * spans of a step that was done. Most flows have one, so they are not examined any further.
 */
export function hasSeveralEntries({ steps }: Digest): boolean {
  let entries = 0;
  for (const { from } of steps) if (from === '' && ++entries > 1) return true;
  return false;
}

/**
 * Returns whether an expected step was done although its spans were not received, for example
 * because its process was killed before the exporter sent them. What the step causes shows this:
 * the flow has a later step without a known cause that only the expected step can have caused, or
 * the only part of the expected step that was received, such as a message that it sent. Such a flow
 * is incomplete; it does not wait for the step.
 */
export function wasDoneUnseen(one: WaitingFor, { steps }: Digest, model: TypeModel): boolean {
  const after = steps.find(({ id }) => id === one.afterStepId);
  if (after === undefined || one.oneOf.length > 1) return false;
  const left = steps.filter(
    (step) => step.from === '' && step !== after && step.startMs >= after.startMs,
  );
  // Almost all flows have no such step, so the model is not searched for them.
  if (left.length === 0) return false;
  const expected = [...model.about].flatMap(([as, { name, service }]) =>
    name === one.step && service === one.service ? [as] : [],
  );
  const here = new Set(steps.map(({ as }) => as));
  return left.some((step) => {
    const causers = model.about.get(step.as)?.causers ?? [];
    // A step that is there, and that caused another step of this type, did not cause this one.
    const isSpent = (as: string): boolean =>
      !here.has(as) || steps.some((other) => other.as === step.as && other.from === as);
    return (
      (causers.some((as) => expected.includes(as)) && causers.every(isSpent)) ||
      isPartOf(step, one, expected, model)
    );
  });
}

/**
 * Returns whether a step of unknown type is what was received of the expected step: both are of one
 * service, and the step did what the expected step does.
 */
const isPartOf = (
  { as, service, did }: DigestStep,
  one: WaitingFor,
  expected: readonly string[],
  model: TypeModel,
): boolean =>
  service === one.service &&
  !model.about.has(as) &&
  did.some((action) =>
    expected.some((type) => (model.steps.get(type)?.sets.holding([action]) ?? 0) > 0),
  );
