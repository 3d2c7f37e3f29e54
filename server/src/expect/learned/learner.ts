import { pushAll } from '../../base/lists.ts';
import { environmentOfKey, nameOfKey, scopedKey } from '../keys.ts';
import type { Knowledge } from '../knowledge.ts';
import type { Digest } from './digest.ts';
import type { HeldFlows } from './held-flows.ts';
import { accept, teach, usualWaitsIn, type TypeModel } from './model.ts';
import { hasOtherNames, withNaming } from './naming.ts';
import { MIN_SAMPLES } from './outcome-sets.ts';
import { looksStalled, rarityOf } from './stalls.ts';
import { fromStored, toStored } from './stored.ts';
import { createTaught } from './taught.ts';

/**
 * Lets flows teach, and retracts what they taught: a late span changes what a flow was, and a stall
 * is known in hindsight.
 */
export interface Learner {
  /** Retracts the flow unless it is as it taught; whoever is in doubt is retracted all the same. */
  retractUnlessAsTaught(digest: Digest): boolean;
  retract(flowId: string): void;
  /** The flow is no more in doubt: what is to come of it was decided otherwise. */
  clearDoubt(flowId: string): void;
  /** Returns the flows that are to be evaluated again now that more is known. */
  learn(digest: Digest): string[];
  /** Of those of a type that wait, what waits no more now that more is known. */
  review(type: string): string[];
  accept(
    environment: string,
    type: string,
    step: string,
    service: string | null,
    atMs: number,
  ): boolean;
  /** What was learned since the last call, to be stored. */
  takeChanged(): LearnedModel[];
  load(stored: Iterable<Omit<LearnedModel, 'version'>>): void;
}

export interface LearnedModel {
  environment: string;
  type: string;
  version: number;
  json: string;
}

/** What was learned of an environment rather than of a flow type is stored under this name. */
const STRUCTURE = '';
/** Flows that wait are evaluated again whenever this much more is known of their type. */
const REVIEW_GROWTH = 1.25;
const MIN_REVIEW_GROWTH = 20;
/** When a type has taught so often, what taught before anything was known is looked at again. */
const isMilestone = (total: number): boolean =>
  total >= 100 && Number.isInteger(Math.log2(total / 100));

export function createLearner(knowledge: Knowledge, held: HeldFlows): Learner {
  const { models, structural, unclaimed, outages } = knowledge;
  const taught = createTaught();
  /** Flows that taught, and are to be judged by all others now. */
  const doubted = new Set<string>();
  /** Taught by a type when those of it that wait were reviewed last. */
  const reviewedAt = new Map<string, number>();
  let version = 0;

  /** Gives what has to be evaluated again because a place has a taker that nobody knew of. */
  const apply = (digest: Digest, weight: 1 | -1): string[] => {
    teach(models.of(digest.type), digest, weight);
    models.used(digest.type);
    const places = structural.teach(digest, weight);
    models.markChanged(digest.type);
    version++;
    return places.flatMap((place) => unclaimed.claim(place));
  };
  const retract = (flowId: string): void => {
    const digest = taught.retract(flowId);
    if (digest !== undefined) apply(digest, -1);
    const waited = held.release(flowId);
    if (waited !== undefined) structural.retractUntaken(waited);
  };
  const review = (type: string): string[] => {
    const model = models.of(type);
    const before = reviewedAt.get(type) ?? 0;
    if (model.version < Math.max(before + MIN_REVIEW_GROWTH, before * REVIEW_GROWTH)) return [];
    reviewedAt.set(type, model.version);
    return held.review(type, knowledge.expected);
  };
  /** Puts those of a type in doubt that look like stalls by now. */
  const doubtStalls = (ofType: ReadonlyMap<string, Digest>): string[] => {
    const found: string[] = [];
    for (const one of ofType.values())
      if (looksStalled(one, knowledge)) {
        doubted.add(one.flowId);
        found.push(one.flowId);
      }
    return found;
  };
  const storedOf = (key: string, model: TypeModel): LearnedModel => {
    const rare = taught.suspiciousRare(key, (digest) =>
      digest.declaredComplete ? null : rarityOf(digest, model, knowledge),
    );
    const json = withNaming({ ...toStored(model), rare });
    return {
      environment: environmentOfKey(key),
      type: nameOfKey(key),
      version: model.version,
      json,
    };
  };

  return {
    retractUnlessAsTaught(digest) {
      // What is known of a place may be this flow's own teaching. Retracted first whenever others
      // made it worth a look, it would teach again, make itself worth a look again, and so on for
      // ever.
      const isAsTaught =
        !doubted.delete(digest.flowId) &&
        taught.get(digest.flowId)?.lastReceivedMs === digest.lastReceivedMs;
      if (!isAsTaught) retract(digest.flowId);
      return isAsTaught;
    },
    retract,
    clearDoubt: (flowId) => doubted.delete(flowId),
    learn(digest) {
      // Types beyond what is learned of teach nothing: a hostile one must not cost memory.
      if (!models.has(digest.type)) return [];
      outages.markHeldUp(digest, usualWaitsIn(models.of(digest.type)));
      const again = apply(digest, 1);
      const ofType = taught.keepRetractable(digest);
      const model = models.of(digest.type);
      if (hasNewRecord(digest, model) || isMilestone(model.flows.total))
        reviewedAt.delete(digest.type);
      pushAll(again, review(digest.type));
      if (isMilestone(model.flows.total)) pushAll(again, doubtStalls(ofType));
      return again;
    },
    review,
    accept(environment, type, step, service, atMs) {
      const key = scopedKey(environment, type);
      const model = models.get(key);
      if (model === undefined || !accept(model, step, service, atMs)) return false;
      models.markChanged(key);
      version++;
      return true;
    },
    takeChanged() {
      const list = models.takeChanged().flatMap((key) => {
        const model = models.get(key);
        return model === undefined ? [] : [storedOf(key, model)];
      });
      for (const { environment, json } of structural.takeChanged())
        list.push({ environment, type: STRUCTURE, version, json });
      return list;
    },
    load(stored) {
      const read: [type: string, model: TypeModel][] = [];
      for (const { environment, type, json } of stored)
        if (type === STRUCTURE) structural.load(environment, json);
        else if (!hasOtherNames(json)) {
          const { model, rare } = fromStored(json);
          read.push([scopedKey(environment, type), model]);
          for (const digest of rare) taught.keepRetractable(digest);
        }
      models.load(read);
    },
  };
}

/** A version of some step is judged by its own record from now on. */
const hasNewRecord = (digest: Digest, model: TypeModel): boolean =>
  digest.steps.some(
    (step) => model.steps.get(step.key)?.byVersion.get(step.version)?.total === MIN_SAMPLES,
  );
