import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { WaitingFor } from '../model/expectation.ts';
import { createCauseHints, type CauseHints } from './diagnosis/cause-hints.ts';
import { environmentOf, type Digest } from './learned/digest.ts';
import { onProbation } from './learned/deployments.ts';
import { createLearnedTypes, type LearnedTypes } from './learned/learned-types.ts';
import type { TypeModel } from './learned/model.ts';
import { createOutages, type Outages } from './learned/outages.ts';
import { expectedByFlow, expectedBySteps } from './learned/owed.ts';
import { hasSeveralEntries, wasDoneUnseen } from './learned/unseen.ts';
import { createVariants, type Variants } from './learned/variants.ts';
import { createStructural, type Structural } from './structural/index.ts';
import { createUnclaimed } from './structural/unclaimed.ts';

/**
 * Everything that was learned from all flows together, and the expectations of one flow that follow
 * from this knowledge. Only the learner changes this knowledge.
 */
export interface Knowledge {
  readonly models: LearnedTypes;
  readonly structural: Structural;
  readonly outages: Outages;
  readonly causeHints: CauseHints;
  readonly variants: Variants;
  /**
   * Observes which messages of the flow were sent and taken, even if the flow is never learned
   * from. Returns flows that have another verdict by what is known now; this flow can be one.
   */
  observe(digest: Digest): string[];
  /**
   * Adds a flow to what is known of messaging (`weight` 1), or subtracts it (-1). Returns other
   * flows that have another verdict by what is known now.
   */
  teachMessaging(digest: Digest, weight: 1 | -1): string[];
  /**
   * Returns what all learned rules expect of a flow. Rules about the flow as a whole are used only
   * if no rule about a step or a message expects anything.
   */
  expected: (digest: Digest) => WaitingFor[];
  /**
   * Returns whether a step of the flow was done although its spans were not received
   * (`learned/unseen.ts`), or may have been done by a batch that does not name all its messages.
   * Such a flow is not learned from, because it is not usual.
   */
  lacksSpans: (digest: Digest) => boolean;
  /**
   * Returns whether the flow may be learned from. That is so if nothing is expected of the flow, or
   * only steps that a deployment may have removed.
   */
  mayTeach(digest: Digest): boolean;
}

export interface KnowledgeOptions {
  clock: Clock;
  counters: Counters;
  floorMs: number;
}

/** A wait shorter than this part of `floorMs` is harmless, so its cause is not examined. */
const SHORT_PART = 0.25;

export function createKnowledge({ clock, counters, floorMs }: KnowledgeOptions): Knowledge {
  const structural = createStructural();
  const causeHints = createCauseHints(clock);
  const variants = createVariants(causeHints);
  const models = createLearnedTypes(counters);
  const unclaimed = createUnclaimed();
  const outages = createOutages({ now: () => clock.now(), shortMs: SHORT_PART * floorMs });

  /** Returns what steps and messages of the flow expect, by all that was received of the flow. */
  const expectedByParts = (digest: Digest, model: TypeModel): WaitingFor[] => {
    const environment = environmentOf(digest);
    // While little is known of a consumer, it counts as down only if it is silent. An active
    // consumer may have chosen not to take the message.
    const isSilent = ({ basis, service, step, since }: WaitingFor): boolean =>
      basis !== 'structural' || causeHints.performedAt(environment, service, step) <= since;
    const isLegal = variants.isLegal(digest);
    const steps = isLegal ? [] : expectedBySteps(digest, model, floorMs).filter(isSilent);
    const ofMessages = structural.expected(digest, model, steps, floorMs);
    return steps.length === 0 ? ofMessages : [...steps, ...ofMessages];
  };
  const expected = (digest: Digest): WaitingFor[] => {
    const model = models.of(digest.type);
    const byParts = expectedByParts(digest, model);
    const owed = hasSeveralEntries(digest)
      ? byParts.filter((one) => !wasDoneUnseen(one, digest, model))
      : byParts;
    // What follows a message that a batch may have taken unseen may have come unseen as well.
    return owed.length > 0 || variants.isLegal(digest) || structural.mayBeTaken(digest)
      ? owed
      : expectedByFlow(digest, model, floorMs);
  };

  return {
    models,
    structural,
    outages,
    causeHints,
    variants,
    observe(digest) {
      outages.observe(digest);
      // Steps of this flow were judged before it was observed, so it can be among the claimed ones.
      unclaimed.note(digest.flowId, structural.unclaimedIn(digest));
      return structural.observe(digest).flatMap((place) => unclaimed.claim(place));
    },
    teachMessaging: (digest, weight) =>
      structural.teach(digest, weight).flatMap((place) => unclaimed.claim(place, digest.flowId)),
    expected,
    lacksSpans(digest) {
      if (structural.mayBeTaken(digest)) return true;
      if (!hasSeveralEntries(digest)) return false;
      const model = models.of(digest.type);
      return expectedByParts(digest, model).some((one) => wasDoneUnseen(one, digest, model));
    },
    mayTeach(digest) {
      if (digest.aborted) return true;
      // A flow that was declared complete may lack steps, but its messages are taken like those of
      // others. Otherwise each outage of a listener would teach that nobody listens.
      const owed = digest.declaredComplete
        ? structural.expected(digest, models.of(digest.type), [], floorMs)
        : expected(digest);
      if (owed.length === 0) return true;
      // After a deployment an expected step may be gone for good, but this is not assumed if the
      // service of that step is silent as well.
      return (
        onProbation(digest, models.of(digest.type)) &&
        owed.every((one) => causeHints.wasHeardSince(digest, one))
      );
    },
  };
}
