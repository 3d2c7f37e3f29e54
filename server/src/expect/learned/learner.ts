import { pushAll } from '../../base/lists.ts';
import { environmentOfKey, nameOfKey, scopedKey } from '../keys.ts';
import type { Knowledge } from '../knowledge.ts';
import { createDelays } from './delays.ts';
import type { Digest } from './digest.ts';
import type { HeldFlows } from './held-flows.ts';
import { accept, teach, type TypeModel } from './model.ts';
import { hasOtherNames, withNaming } from './naming.ts';
import { MIN_SAMPLES } from './outcome-sets.ts';
import { looksStalled, rarityOf } from './stalls.ts';
import { fromStored, toStored } from './stored.ts';
import { createTaught } from './taught.ts';

/**
 * Learns from flows, and retracts what was learned from a flow when that turns out to be wrong: a
 * late span changes the flow, or the flow is recognized in hindsight as a stall.
 */
export interface Learner {
  /**
   * Returns true if the flow was learned from in this very form and is not marked as doubted.
   * Otherwise retracts what was learned from the flow, and returns false.
   */
  retractUnlessAsTaught(digest: Digest): boolean;
  retract(flowId: string): void;
  /** Removes the mark "doubted" from a flow that is not to be learned from any more. */
  clearDoubt(flowId: string): void;
  /** Learns from a flow. Returns the flows to evaluate again now that more is known. */
  learn(digest: Digest): string[];
  /** Returns the held flows of a type whose verdict changes now that more is known. */
  review(type: string): string[];
  accept(
    environment: string,
    type: string,
    step: string,
    service: string | null,
    atMs: number,
  ): boolean;
  /** Returns what was learned since the last call, to be stored. */
  takeChanged(): LearnedModel[];
  load(stored: Iterable<Omit<LearnedModel, 'version'>>): void;
}

export interface LearnedModel {
  environment: string;
  type: string;
  version: number;
  json: string;
}

/** Knowledge of a whole environment is stored under this name instead of a flow type. */
const STRUCTURE = '';
/** Held flows are evaluated again whenever their type's model has grown by this factor. */
const REVIEW_GROWTH = 1.25;
const MIN_REVIEW_GROWTH = 20;
/**
 * Returns whether the flows that a type was learned from are checked for stalls at this number of
 * flows: 100, 200, 400 and so on. Stalls among the first flows could not be recognized at that
 * time.
 */
const isMilestone = (total: number): boolean =>
  total >= 100 && Number.isInteger(Math.log2(total / 100));

export function createLearner(knowledge: Knowledge, held: HeldFlows): Learner {
  const { models, structural } = knowledge;
  const taught = createTaught();
  /** Flows that were learned from, but look like stalls in comparison with all other flows. */
  const doubted = new Set<string>();
  /**
   * For each flow type, the version that its model had when the held flows of the type were last
   * reviewed.
   */
  const reviewedAt = new Map<string, number>();
  let version = 0;

  /**
   * Adds a flow to what is known (`weight` 1), or subtracts it (-1). Returns the flows to evaluate
   * again, because a destination at which they have a message now has a known consumer.
   */
  const apply = (digest: Digest, weight: 1 | -1): string[] => {
    teach(models.of(digest.type), digest, weight);
    models.used(digest.type);
    const again = knowledge.teachMessaging(digest, weight);
    models.markChanged(digest.type);
    version++;
    return again;
  };
  const delays = createDelays(knowledge, taught, (...of) => void apply(...of));
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
  /**
   * Marks those flows of a type as doubted that look like stalls by what is known now. Returns the
   * marked flows.
   */
  const doubtStalls = (ofType: ReadonlyMap<string, Digest>): string[] => {
    const found = [...ofType.values()].filter((one) => looksStalled(one, knowledge));
    for (const { flowId } of found) doubted.add(flowId);
    return found.map(({ flowId }) => flowId);
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
      // What is known about a destination may come from this flow alone. Retracting the flow would
      // remove that knowledge, and learning from it again would restore it: each of the two would
      // cause another evaluation, without end. So an unchanged flow is not retracted.
      const isAsTaught =
        !doubted.delete(digest.flowId) &&
        taught.get(digest.flowId)?.lastReceivedMs === digest.lastReceivedMs;
      if (!isAsTaught) retract(digest.flowId);
      return isAsTaught;
    },
    retract,
    clearDoubt: (flowId) => doubted.delete(flowId),
    learn(digest) {
      // Flow types beyond the bound are not learned: a hostile sender must not use up memory.
      if (!models.has(digest.type)) return [];
      delays.mark(digest);
      const again = apply(digest, 1);
      const ofType = taught.keepRetractable(digest);
      delays.judgeAgain(digest);
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

/**
 * Returns whether, with this flow, a version of a service has just enough samples of a step to be
 * judged by its own record instead of the record of all versions.
 */
const hasNewRecord = (digest: Digest, model: TypeModel): boolean =>
  digest.steps.some(
    (step) => model.steps.get(step.key)?.byVersion.get(step.version)?.total === MIN_SAMPLES,
  );
