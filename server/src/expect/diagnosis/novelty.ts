import type { Flow } from '../../model/flow.ts';
import type { Digest } from '../learned/digest.ts';
import { typesIn, type TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES } from '../learned/outcome-sets.ts';

/** What a flow does that its type never did before. */
export interface Novelty {
  /** Ids of steps that nothing of this type ever ran, after a step that is well known. */
  consumers: ReadonlySet<string>;
  /**
   * The steps of this flow never came together, although each of them is known. Said of flows that
   * were declared ended.
   */
  variant: boolean;
}

const NOTHING: Novelty = { consumers: new Set(), variant: false };

/** `model` must not hold what this very flow taught. */
export function detectNovelty(digest: Digest, model: TypeModel, flow: Flow, isNewEnding: boolean): Novelty {
  if (isNewEnding) return { ...NOTHING, variant: true };
  if (model.flows.total < MIN_SAMPLES) return NOTHING;
  const unknownSteps = digest.steps.filter((step) => !model.about.has(step.as));
  if (unknownSteps.length === 0) {
    const variant = flow.outcome === 'completed' && model.flows.countOf(typesIn(digest)) === 0;
    return variant ? { ...NOTHING, variant } : NOTHING;
  }
  const known = new Map(digest.steps.map((step) => [step.id, model.steps.get(step.key)?.sets.total ?? 0]));
  const consumers = new Set<string>();
  const strange = new Set(unknownSteps.map((step) => step.id));
  for (const { to, from, sync } of flow.hops)
    if (to !== null && strange.has(to) && !sync && from !== null && (known.get(from) ?? 0) >= MIN_SAMPLES)
      consumers.add(to);
  return consumers.size === 0 ? NOTHING : { consumers, variant: false };
}
