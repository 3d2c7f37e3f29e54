import { createSignal } from '../base/signal.ts';
import type { Flow } from '../model/flow.ts';
import { msOf } from '../model/time.ts';
import { awaited } from './awaited.ts';
import { applyDefinition } from './declared/apply-definition.ts';
import { declaredCompensationDuties } from './declared/compensation-duties.ts';
import { createDefinitions } from './declared/registry.ts';
import { definitionText } from './declared/text.ts';
import { classifyAbsences } from './diagnosis/absence-classifier.ts';
import { detectNovelty } from './diagnosis/novelty.ts';
import type { Evaluation, Expectations, ExpectationsOptions } from './expectations.ts';
import { environmentOfKey, nameOfKey, scopedKey } from './keys.ts';
import { createKnowledge } from './knowledge.ts';
import { learnedCompensationDuties } from './learned/compensation.ts';
import { digestOf, type BehindMs } from './learned/digest.ts';
import { createEnds } from './learned/ends.ts';
import { createHeldFlows } from './learned/held-flows.ts';
import { createLearner } from './learned/learner.ts';
import { createSchedule } from './learned/schedule.ts';
import { toStored } from './learned/stored.ts';
import { definitionFrom, usualPath } from './learned/usual-path.ts';
import { createSenderClocks } from './sender-clocks.ts';
import { withRunning } from './structural/receipts.ts';

export { definitionsFrom, postedDefinitions, readDefinitions } from './declared/schema.ts';
export { definitionText } from './declared/text.ts';
export type { Expectations } from './expectations.ts';

export function createExpectations(options: ExpectationsOptions): Expectations {
  const { clock, floorMs } = options;
  const definitions = createDefinitions();
  const senderClocks = createSenderClocks();
  const knowledge = createKnowledge(options);
  const { models, structural, causeHints, variants } = knowledge;
  const held = createHeldFlows();
  const learner = createLearner(knowledge, held);
  const reconsider = createSignal<string[]>();
  const waking = { ...options, onReconsider: reconsider.emit };
  const schedule = createSchedule(waking, knowledge, held, learner);
  const ends = createEnds({ models, onReconsider: reconsider.emit });
  const definitionOf = (flow: Flow) => definitions.of(flow.type, flow.typeVersion);

  /**
   * Returns a function that tells how far the clock of a step's sender is behind, without what
   * causal time has corrected by a shift to a later time.
   */
  const behindMsIn =
    ({ environment }: Flow): BehindMs =>
    ({ service, instance, skewMs }) =>
      senderClocks.behindMs(environment, service, instance, Math.max(0, skewMs));

  const evaluate = (flow: Flow): Evaluation => {
    const by = { definition: definitionOf(flow), knowledge, behindMs: behindMsIn(flow), floorMs };
    const digest = digestOf(flow, by.behindMs);
    const isAsTaught = learner.retractUnlessAsTaught(digest);
    const again = knowledge.observe(digest);
    if (again.length > 0) reconsider.emit(again);
    const waitingFor = classifyAbsences(awaited(flow, digest, by), flow);
    if (isAsTaught && waitingFor.length > 0) learner.retract(flow.id);
    causeHints.observe(flow, digest);
    const waitsForNobody = structural.waitsForNobody(digest);
    const model = models.of(digest.type);
    const endsDeclared = ends.isAwaited(digest.type, model, flow);
    const isDefined = by.definition !== null;
    const lacksSpans = knowledge.lacksSpans(digest);
    schedule.plan(digest, { model, waitingFor, isAsTaught, endsDeclared, isDefined, lacksSpans });
    const isNewEnding = variants.isLegal(digest);
    const isWaiting = waitingFor.length > 0;
    const news = detectNovelty(digest, model, flow, { isNewEnding, isWaiting });
    const mayBeTaken = structural.mayBeTaken(digest);
    return { waitingFor, endsDeclared, waitsForNobody, mayBeTaken, news };
  };

  return {
    reconsider,
    evaluate,
    observeArrival(spans) {
      senderClocks.observe(spans);
      for (const { message, role, service, start } of spans)
        if (message?.linksCut !== undefined && role !== 'send' && message.destination !== '')
          structural.observeCut(service.environment, message.destination, msOf(start));
    },
    applyDefinition(flow) {
      const seen = withRunning(flow, (...of) => structural.workFollows(flow.environment, ...of));
      const definition = definitionOf(flow);
      return definition === null ? seen : applyDefinition(seen, definition);
    },
    compensationDuties(flow) {
      const definition = definitionOf(flow);
      const declared = definition && declaredCompensationDuties(definition);
      if (declared) return declared;
      const model = models.get(scopedKey(flow.environment, flow.type));
      return model ? learnedCompensationDuties(model.undo) : { owed: new Set(), order: new Set() };
    },
    explain: (finding, flow) => causeHints.explain(finding, flow),
    takenAfter: (...of) => causeHints.takenAfter(...of),
    accept: (environment, type, step, service) =>
      learner.accept(environment, type, step, service, clock.now()),
    define: (list, source, atMs) => definitions.add(list, source, atMs),
    definitions: () => definitions.list(),
    restoreStalled({ id, environment, type, waitingFor }) {
      if (waitingFor.length > 0) held.restoreStalled(scopedKey(environment, type), id);
    },
    excludeFromLearning(flowId) {
      held.release(flowId);
      learner.clearDoubt(flowId);
      schedule.cancel(flowId);
    },
    forget(flowId) {
      learner.retract(flowId);
      causeHints.forget(flowId);
      learner.clearDoubt(flowId);
      schedule.cancel(flowId);
    },
    takeChanged: () => learner.takeChanged(),
    load: (stored) => learner.load(stored),
    inspect: (type) =>
      [...models]
        .filter(([key]) => nameOfKey(key) === type)
        .map(([key, model]) => {
          const usual = usualPath(model);
          return {
            environment: environmentOfKey(key),
            model: toStored(model),
            usual: { ...usual, yaml: definitionText(definitionFrom(type, usual)) },
          };
        }),
    learnedFlows: (type, environment) => models.of(scopedKey(environment, type))?.flows.total ?? 0,
    stop: () => schedule.stop(),
  };
}
