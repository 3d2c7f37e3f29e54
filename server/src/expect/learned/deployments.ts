import type { Digest, DigestStep } from './digest.ts';
import type { StepAbout, TypeModel } from './model.ts';
import { MIN_SAMPLES } from './outcome-sets.ts';

/** Tells what a deployment of a service changes in what is expected of a flow. */

/**
 * Returns a function that tells whether a step of a type that was never learned from has replaced
 * an expected step. After a deployment that renames a service or a step, the message is taken as
 * before, by the same subscription or for the same work, but the expected step never comes again.
 * One new consumer beside an absent one is no replacement, because another subscription does not do
 * the absent one's work.
 */
export function replacedIn({ steps }: Digest, model: TypeModel): (expected: string) => boolean {
  const unknown = steps.filter(({ as, via }) => via !== '' && !model.about.has(as));
  if (unknown.length === 0) return () => false;
  return (expected) => {
    const about = model.about.get(expected);
    return about !== undefined && unknown.some((step) => replaces(step, expected, about, model));
  };
}

/** Returns whether the step was caused as the expected one, and does all that this one does. */
function replaces(
  { from, via, service, group, did }: DigestStep,
  expected: string,
  about: StepAbout,
  model: TypeModel,
): boolean {
  if (!about.causers.includes(from) || !about.via.includes(via)) return false;
  const isSameSubscription =
    group === '' || about.group === '' ? service === about.service : group === about.group;
  const sets = model.steps.get(expected)?.sets;
  const doesAlike = did.some((action) => (sets?.holding([action]) ?? 0) > 0);
  return (isSameSubscription || doesAlike) && (sets?.expectedAfter(did) ?? null) === null;
}

/**
 * Returns whether a step of the flow ran in a version too new to be judged by its own counts. What
 * was expected before that deployment may not come any more.
 */
export function onProbation(digest: Digest, model: TypeModel): boolean {
  return digest.steps.some((step) => {
    const versions = model.steps.get(step.key)?.byVersion;
    if (versions === undefined || (versions.get(step.version)?.total ?? 0) >= MIN_SAMPLES)
      return false;
    return [...versions].some(
      ([version, sets]) => version !== step.version && sets.total >= MIN_SAMPLES,
    );
  });
}
