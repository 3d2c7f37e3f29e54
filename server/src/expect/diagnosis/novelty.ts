import type { Flow } from '../../model/flow.ts';
import { NO_NOVELTY, type Novelty } from '../../model/novelty.ts';
import type { Digest } from '../learned/digest.ts';
import { typesIn, type TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES } from '../learned/outcome-sets.ts';

/**
 * Returns the steps and paths of a flow that the model has not seen. The model must not include
 * this flow itself. What is missing (`isWaiting`) makes no new path.
 */
export function detectNovelty(
  digest: Digest,
  model: TypeModel,
  flow: Flow,
  { isNewEnding, isWaiting }: { isNewEnding: boolean; isWaiting: boolean },
): Novelty {
  if (isNewEnding) return { ...NO_NOVELTY, variant: true };
  if (model.flows.total < MIN_SAMPLES) return NO_NOVELTY;
  const unknownSteps = digest.steps.filter((step) => !model.about.has(step.as));
  if (unknownSteps.length === 0) {
    const isEnded = flow.outcome === 'completed' && !isWaiting;
    const variant = isEnded && model.flows.countOf(typesIn(digest)) === 0;
    return variant ? { ...NO_NOVELTY, variant } : NO_NOVELTY;
  }
  const known = new Map(
    digest.steps.map((step) => [step.id, model.steps.get(step.key)?.sets.total ?? 0]),
  );
  const consumers = new Set<string>();
  const strange = new Set(unknownSteps.map((step) => step.id));
  for (const { to, from, sync } of flow.hops)
    if (
      to !== null &&
      strange.has(to) &&
      !sync &&
      from !== null &&
      (known.get(from) ?? 0) >= MIN_SAMPLES
    )
      consumers.add(to);
  return consumers.size === 0 ? NO_NOVELTY : { consumers, variant: false };
}
