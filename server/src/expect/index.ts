import { pushAll } from '../base/lists.ts';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createDeadlines } from '../base/deadlines.ts';
import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { msOf } from '../model/time.ts';
import type { Definition, DefinitionSource, StoredDefinition } from '../model/definition.ts';
import { createBacklogs, type UsualOf } from './learned/outages.ts';
import { applyDefinition } from './declared/apply-definition.ts';
import { declaredCompensationDuties } from './declared/compensation-duties.ts';
import { ANYBODY, mayTakeIn } from './declared/may-take.ts';
import { expectedByDeclaration } from './declared/owed.ts';
import { createSenderClocks } from './sender-clocks.ts';
import { createDefinitions } from './declared/registry.ts';
import { createEnds } from './learned/ends.ts';
import {
  digestOf,
  environmentOf,
  messageKeyOf,
  placeOf,
  type BehindMs,
  type Digest,
} from './learned/digest.ts';
import { onProbation, owedByFlow, owedBySteps } from './learned/owed.ts';
import { createHeldFlows } from './learned/held-flows.ts';
import { createLearnedTypes } from './learned/learned-types.ts';
import { named } from './diagnosis/absence-classifier.ts';
import { hasOtherNames, withNaming } from './learned/naming.ts';
import { newsOf, type News } from './diagnosis/novelty.ts';
import { MIN_SAMPLES, type OutcomeSets } from './learned/outcome-sets.ts';
import { withRunning } from './structural/receipts.ts';
import { createStructural } from './structural/index.ts';
import { createSuspects } from './diagnosis/cause-hints.ts';
import { createTaught } from './learned/taught.ts';
import { createVariants } from './learned/variants.ts';
import { declaresEnds, teach, typesIn, type TypeModel } from './learned/model.ts';
import { breaksCompensationDuties, learnedCompensationDuties } from './learned/compensation.ts';
import { fromStored, toStored } from './learned/stored.ts';

export { definitionsFrom, readDefinitions } from './declared/schema.ts';

/**
 * What should come next. Learns from flows that ended well, or fell quiet owing nothing; a flow that owes something
 * teaches nothing, or an outage would teach that silence is normal.
 */
export interface Expectations {
  /** Spans as they arrive, in any order: how far their senders' clocks can be trusted, and which batches name not all. */
  heard(spans: readonly Span[]): void;
  /** What a flow waits for now, and what is new about it; whatever it taught in an earlier form is taken back. */
  of(flow: Flow): Expected;
  /** What may be behind an absence, in words: a service that fell silent, a new version, a queue that grows. */
  suspect(finding: Finding, flow: Flow): string | null;
  /** An operator says that this step does not come any more. False: nothing of that name is known. */
  accept(environment: string, type: string, step: string, service: string | null): boolean;
  /** The flow as its definition sees it; itself where there is none. */
  conclude(flow: Flow): Flow;
  /** Takes definitions; returns those that changed something. */
  define(definitions: readonly Definition[], source: DefinitionSource, atMs: number): StoredDefinition[];
  definitions(): StoredDefinition[];
  /** Steps that have to be undone once something is, and in which order. */
  dutiesOf(flow: Flow): { owed: Set<string>; order: Set<string> };
  /** At start, of a flow that was found to wait for something: judged again once more is known of its type. */
  recall(flow: Pick<Flow, 'id' | 'environment' | 'type' | 'waitingFor'>): void;
  /** Something is wrong with it: it must not teach. */
  quarantine(flowId: string): void;
  /** The flow lost its name. */
  forget(flowId: string): void;
  /** Type models changed since the last call, to be stored. */
  takeChanged(): LearnedModel[];
  load(models: Iterable<Omit<LearnedModel, 'version'>>): void;
  /** For people: everything learned of a type, in each environment. */
  inspect(type: string): { environment: string; model: unknown }[];
  readonly version: number;
  stop(): void;
}

export interface Expected {
  waitingFor: WaitingFor[];
  /** A message of it waits where nobody was ever seen to take any: that holds nothing back. */
  waitsForNobody: boolean;
  /** A message of it waits that a batch may have taken which does not name all that it took. */
  mayBeTaken: boolean;
  /** It ends only once somebody says so, as flows of its type that say when they start do. */
  endsDeclared: boolean;
  news: News;
}

export interface LearnedModel {
  environment: string;
  type: string;
  version: number;
  json: string;
}

export interface ExpectationsOptions {
  clock: Clock;
  counters: Counters;
  /** A flow is quiet after this, ms, at the earliest. */
  settleMs: number;
  /** Nothing is late or stuck sooner, ms. */
  floorMs: number;
  /** More is known now: these have to be judged again. */
  onReconsider(flowIds: string[]): void;
}

/** Quiet for so many times the longest wait that is usual after its last steps. */
const QUIET_FACTOR = 3;
/** When a type has taught so often, what was taught before anything was known is looked at again. */
const isMilestone = (total: number): boolean => total >= 100 && Number.isInteger(Math.log2(total / 100));
/** An ending this rare may have been a stall that nobody could recognize yet. */
const RARE = 0.02;
/** Flows that wait are judged again whenever this much more is known of their type. */
const REVIEW_GROWTH = 1.25;
const MIN_REVIEW_GROWTH = 20;
/** Shorter than this part of the floor, a wait makes no difference: whose it was is not asked. */
const SHORT_PART = 0.25;

const usualIn =
  (model: TypeModel): UsualOf =>
  ({ key }, to) => {
    const waitMs = model.messages.get(key)?.waits.get(to)?.usual() ?? 0;
    return { waitMs, heardMs: waitMs === 0 ? 0 : waitMs + (model.about.get(to)?.lag.usual() ?? 0) };
  };

/** What was learned of an environment rather than of a flow type is stored under this name. */
const STRUCTURE = '';

export function createExpectations(options: ExpectationsOptions): Expectations {
  const { clock, floorMs } = options;
  const definitions = createDefinitions();
  const structural = createStructural();
  const suspects = createSuspects(clock);
  const clocks = createSenderClocks();
  const backlogs = createBacklogs({ now: () => clock.now(), shortMs: SHORT_PART * floorMs });
  const variants = createVariants(suspects);
  const ends = createEnds();
  const models = createLearnedTypes(options.counters);
  /** Flows that owed nothing when they were judged, and teach once they are quiet. */
  const learning = new Map<string, Digest>();
  const held = createHeldFlows();
  /** Flows that taught, and are to be judged by all others now. */
  const doubted = new Set<string>();
  const taught = createTaught();
  /** Taught by a type when those of it that wait were judged again last. */
  const reviewedAt = new Map<string, number>();
  const changed = new Set<string>();
  let version = 0;

  const modelOf = (type: string): TypeModel => models.of(type);
  /** Gives what has to be judged again because somebody takes from a place of which nobody was known to. */
  const apply = (digest: Digest, weight: 1 | -1): string[] => {
    teach(modelOf(digest.type), digest, weight);
    models.used(digest.type);
    const places = structural.teach(digest, weight);
    changed.add(digest.type);
    version++;
    return places.flatMap((place) => held.takeUnheard(place));
  };
  const takeBack = (flowId: string): void => {
    const digest = taught.take(flowId);
    if (digest !== undefined) apply(digest, -1);
    const waited = held.release(flowId);
    if (waited !== undefined) structural.retractUntaken(waited);
  };

  /** What is owed by all that was learned; of the flow as a whole only where no step and no message owes anything. */
  const owedBy = (digest: Digest): WaitingFor[] => {
    const model = modelOf(digest.type);
    const environment = environmentOf(digest);
    // Of a taker of which little is known, silence tells an outage from a choice.
    const isSilent = ({ basis, service, step, since }: WaitingFor): boolean =>
      basis !== 'structural' || suspects.performedAt(environment, service, step) <= since;
    const isLegal = variants.isLegal(digest);
    const steps = isLegal ? [] : owedBySteps(digest, model, floorMs).filter(isSilent);
    const ofMessages = structural.expected(digest, model, steps, floorMs);
    const owed = steps.length === 0 ? ofMessages : [...steps, ...ofMessages];
    return owed.length > 0 || isLegal ? owed : owedByFlow(digest, model, floorMs);
  };
  const mayTeach = (digest: Digest): boolean => {
    if (digest.declaredComplete || digest.aborted) return true;
    const owed = owedBy(digest);
    // After a deploy a follow-up may be gone for good; not if who should perform it fell silent as well.
    return (
      owed.length === 0 ||
      (onProbation(digest, modelOf(digest.type)) && owed.every((one) => suspects.reports(digest, one)))
    );
  };

  const deadlines = createDeadlines(clock, (ids) => {
    const again = new Set<string>();
    for (const id of ids) {
      const isHeld = held.get(id) !== undefined;
      const digest = held.get(id) ?? learning.get(id);
      if (digest === undefined) continue;
      if (mayTeach(digest)) {
        learning.delete(id);
        held.release(id);
        if (isHeld && owedBy(digest).length === 0) again.add(id);
        for (const other of learn(digest)) again.add(other);
        continue;
      }
      const owed = owedBy(digest);
      // Judged when less was known.
      if (!isHeld || held.isJudgedAnew(id, owed)) again.add(id);
      if (!isHeld) {
        learning.delete(id);
        held.add(digest, owed);
      }
      structural.countUntaken(digest);
      for (const other of variants.note(digest, owed, modelOf(digest.type))) {
        const alike = held.release(other);
        if (alike === undefined) continue;
        for (const one of learn(alike)) again.add(one);
        again.add(other);
      }
      for (const other of review(digest.type)) again.add(other);
    }
    if (again.size > 0) options.onReconsider([...again]);
  });

  /** Of those of a type that wait, what waits no more now that more is known. */
  const review = (type: string): string[] => {
    const model = modelOf(type);
    const before = reviewedAt.get(type) ?? 0;
    if (model.version < Math.max(before + MIN_REVIEW_GROWTH, before * REVIEW_GROWTH)) return [];
    reviewedAt.set(type, model.version);
    return held.review(type, owedBy);
  };

  /** Returns the flows that are to be judged again now that more is known. */
  const learn = (digest: Digest): string[] => {
    // Types beyond what is learned of teach nothing: a hostile one must not cost memory.
    if (!models.has(digest.type)) return [];
    backlogs.mark(digest, usualIn(modelOf(digest.type)));
    const again = apply(digest, 1);
    const ofType = taught.add(digest);
    const model = modelOf(digest.type);
    // A new version is judged by its own record from now on.
    const isKnownNow = digest.steps.some(
      (step) => model.steps.get(step.key)?.byVersion.get(step.version)?.total === MIN_SAMPLES,
    );
    if (isKnownNow || isMilestone(model.flows.total)) reviewedAt.delete(digest.type);
    pushAll(again, review(digest.type));
    if (isMilestone(model.flows.total))
      for (const one of ofType.values())
        if (looksStalled(one)) {
          doubted.add(one.flowId);
          again.push(one.flowId);
        }
    return again;
  };
  /** How rare its rarest choice is; null: it is usual in all that it did, and in what it left untaken. */
  const rarityOf = (digest: Digest, model: TypeModel): number | null => {
    const shareIn = (sets: OutcomeSets | undefined, members: readonly string[]): number =>
      sets === undefined || sets.total === 0 ? 1 : sets.countOf(members) / sets.total;
    const rarest = Math.min(
      shareIn(model.flows, typesIn(digest)),
      ...digest.steps.map((step) => shareIn(model.steps.get(step.key)?.sets, step.did)),
      ...digest.messages.map(({ key, takers }) =>
        takers.length === 0 ? 1 : shareIn(model.messages.get(key)?.takers, takers),
      ),
    );
    return rarest < RARE || structural.hasLeftOver(digest) ? rarest : null;
  };
  /** Judged by all others: a flow must not be its own proof. */
  const looksStalled = (digest: Digest): boolean => {
    const model = modelOf(digest.type);
    if (breaksCompensationDuties(digest.ledger, model.undo)) return true;
    if (digest.declaredComplete || digest.aborted) return false;
    if (rarityOf(digest, model) === null) return false;
    teach(model, digest, -1);
    const owed = owedBy(digest);
    teach(model, digest, 1);
    return owed.length > 0;
  };

  /** Whether this flow ends only once somebody says so. */
  const endsByDeclaration = (type: string, model: TypeModel, flow: Flow): boolean => {
    if (!flow.startDeclared) return false;
    if (models.has(type) && ends.isNew(type, flow)) {
      model.ends.declared++;
      changed.add(type);
    }
    const isKnown = declaresEnds(model);
    if (isKnown) {
      const open = ends.takeOpen(type);
      if (open.length > 0) options.onReconsider(open);
    } else if (flow.outcome === null) ends.leftOpen(type, flow.id);
    return isKnown && flow.outcome === null;
  };

  const quietAfter = (digest: Digest): number => {
    const model = models.get(digest.type);
    const waitsAt = (key: string): number[] =>
      [...(model?.messages.get(key)?.waits.values() ?? [])].map((wait) => wait.late());
    let longest = 0;
    for (const step of digest.steps) {
      if (step.did.length > 0) continue;
      // What it may yet do, and who may yet take that.
      for (const [to, wait] of model?.steps.get(step.key)?.waits ?? []) {
        const place = placeOf(to);
        const taken = place === null ? [] : waitsAt(messageKeyOf(step, place));
        longest = Math.max(longest, wait.late() + Math.max(0, ...taken));
      }
    }
    for (const { key, takers } of digest.messages)
      if (takers.length === 0) longest = Math.max(longest, ...waitsAt(key));
    return Math.max(options.settleMs, QUIET_FACTOR * longest);
  };

  options.counters.gauge('fermata_flows_learning', () => learning.size);
  return {
    heard(spans) {
      clocks.observe(spans);
      for (const { message, role, service, start } of spans)
        if (message?.linksCut !== undefined && role !== 'send' && message.destination !== '')
          structural.observeCut(service.environment, message.destination, msOf(start));
    },
    of(flow) {
      const behindMs: BehindMs = (step) =>
        Math.max(
          0,
          // A clock that is ahead is no more behind for being set back.
          clocks.behindMs(flow.environment, step.service, step.instance) - Math.max(0, step.skewMs),
        );
      const digest = digestOf(flow, behindMs);
      // What is known of a place may be this flow's own teaching. Taken back first whenever others made it worth a look,
      // it would teach again, make itself worth a look again, and so on for ever.
      const isAsTaught =
        !doubted.delete(flow.id) && taught.get(flow.id)?.lastReceivedMs === digest.lastReceivedMs;
      if (!isAsTaught) takeBack(flow.id);
      structural.observe(digest);
      backlogs.observe(digest);
      const waiting = named(awaited(flow, digest, behindMs), flow);
      const isSettled = isAsTaught && waiting.length === 0;
      if (isAsTaught && !isSettled) takeBack(flow.id);
      suspects.observe(flow, digest);
      const unheard = structural.waitsForNobody(digest);
      held.noteUnheard(flow.environment, digest.flowId, unheard);
      learning.delete(flow.id);
      const hasEnded = digest.declaredComplete || digest.aborted;
      const model = modelOf(digest.type);
      const endsDeclared = endsByDeclaration(digest.type, model, flow);
      // What was declared is owed until it comes, whatever others show.
      const owesDeclared =
        waiting.some((one) => one.basis === 'declared') && !hasEnded && !onProbation(digest, model);
      if (digest.sampled || owesDeclared || isSettled) deadlines.clear(flow.id);
      else {
        if (waiting.length > 0 && !hasEnded)
          // Where a definition leaves out some of what is owed, it would be judged anew for that without end.
          held.add(digest, definitions.of(flow.type, flow.typeVersion) ? owedBy(digest) : waiting);
        else if (!endsDeclared) learning.set(flow.id, digest);
        deadlines.set(flow.id, digest.lastReceivedMs + quietAfter(digest));
      }
      return {
        waitingFor: waiting,
        endsDeclared,
        waitsForNobody: unheard.length > 0,
        mayBeTaken: structural.mayBeTaken(digest),
        news: newsOf(digest, model, flow, variants.isLegal(digest)),
      };
    },
    suspect: (finding, flow) => suspects.suspect(finding, flow),
    accept(environment, type, step, service) {
      const key = `${environment}\0${type}`;
      const model = models.get(key);
      if (model === undefined) return false;
      const gone = [...model.about].filter(
        ([, about]) => about.name === step && (service === null || about.service === service),
      );
      for (const [as] of gone) model.accepted.set(as, clock.now());
      if (gone.length > 0) {
        changed.add(key);
        version++;
      }
      return gone.length > 0;
    },
    conclude(flow) {
      const seen = withRunning(flow, (place) => structural.workFollows(flow.environment, place));
      const definition = definitions.of(flow.type, flow.typeVersion);
      return definition === null ? seen : applyDefinition(seen, definition);
    },
    define: (list, source, atMs) => definitions.add(list, source, atMs),
    definitions: () => definitions.list(),
    dutiesOf: (flow) => {
      const definition = definitions.of(flow.type, flow.typeVersion);
      const declared = definition && declaredCompensationDuties(definition);
      if (declared) return declared;
      const model = models.get(`${flow.environment}\0${flow.type}`);
      return model ? learnedCompensationDuties(model.undo) : { owed: new Set(), order: new Set() };
    },
    recall({ id, environment, type, waitingFor }) {
      if (waitingFor.length > 0) held.recall(`${environment}\0${type}`, id);
    },
    quarantine(flowId) {
      learning.delete(flowId);
      doubted.delete(flowId);
      held.release(flowId);
      deadlines.clear(flowId);
    },
    forget(flowId) {
      takeBack(flowId);
      suspects.forget(flowId);
      learning.delete(flowId);
      doubted.delete(flowId);
      deadlines.clear(flowId);
    },
    takeChanged() {
      const list = [...changed].flatMap((key) => {
        const model = models.get(key);
        if (model === undefined) return [];
        const [environment = '', type = ''] = key.split('\0');
        const rare = taught.suspicious(key, (digest) =>
          digest.declaredComplete ? null : rarityOf(digest, model),
        );
        const stored = { ...toStored(model), rare };
        return [{ environment, type, version: model.version, json: withNaming(stored) }];
      });
      changed.clear();
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
          read.push([`${environment}\0${type}`, model]);
          for (const digest of rare) taught.add(digest);
        }
      models.load(read);
    },
    inspect: (type) =>
      [...models]
        .filter(([key]) => key.split('\0')[1] === type)
        .map(([key, model]) => ({ environment: key.split('\0')[0]!, model: toStored(model) })),
    get version() {
      return version;
    },
    stop: () => deadlines.stop(),
  };

  /** Where a definition speaks of a step, what was learned of it is not asked. */
  function awaited(flow: Flow, digest: Digest, behindMs: BehindMs): WaitingFor[] {
    const model = modelOf(digest.type);
    const definition = definitions.of(flow.type, flow.typeVersion);
    const lagMs = (name: string): number => {
      for (const about of model.about.values()) if (about.name === name) return about.lag.late();
      return 0;
    };
    const declared = expectedByDeclaration(flow, definition, {
      floorMs,
      lagMs,
      mayTake: definition === null ? ANYBODY : mayTakeIn(model),
      behindMs,
    });
    if (digest.sampled) return declared;
    if (definition === null && declared.length === 0) return owedBy(digest);
    const spoken = new Set([
      ...(definition?.steps.map((step) => step.name) ?? []),
      ...declared.map((one) => one.step),
    ]);
    return [
      ...declared,
      ...owedBy(digest).filter(
        (one) =>
          one.basis === 'learned' &&
          !spoken.has(one.step) &&
          !one.oneOf.some((name) => spoken.has(name)) &&
          flow.phase !== 'ended',
      ),
    ];
  }
}
