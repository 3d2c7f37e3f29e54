import { pushAll } from '../base/lists.ts';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createBoundedSet, type BoundedSet } from '../base/bounded-set.ts';
import { createDeadlines } from '../base/deadlines.ts';
import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import type { Definition, DefinitionSource, StoredDefinition } from '../model/definition.ts';
import { concluded, declaredDuties, declaredOf, type MayTake } from './declared.ts';
import { createSenderClocks } from './clocks.ts';
import { createDefinitions } from './definitions.ts';
import { createEnds } from './ends.ts';
import { digestOf, type BehindMs, type Digest } from './digest.ts';
import { expectationsOf, longest, onProbation } from './expectations.ts';
import { named } from './kinds-of-absence.ts';
import { newsOf, type News } from './news.ts';
import { FEWEST_SAMPLES, type OutcomeSets } from './outcome-sets.ts';
import { createStructure } from './structure.ts';
import { createSuspects } from './suspects.ts';
import {
  breaksDuties,
  createTypeModel,
  declaresEnds,
  fromStored,
  teach,
  toStored,
  typesIn,
  undoDuties,
  type TypeModel,
} from './model.ts';

export { definitionsFrom, readDefinitions } from './definitions.ts';

/**
 * What should come next. Learns from flows that ended well, or fell quiet owing nothing; a flow that owes something
 * teaches nothing, or an outage would teach that silence is normal.
 */
export interface Expectations {
  /** Spans as they arrive, in any order: how far their senders' clocks can be trusted. */
  heard(spans: readonly Span[]): void;
  /** What a flow waits for now, and what is new about it; whatever it taught in an earlier form is taken back. */
  of(flow: Flow): { waitingFor: WaitingFor[]; young: boolean; endsDeclared: boolean; news: News };
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
  /** At start, of a flow that was found to wait too long before: how long it waits is no lesson. */
  recall(flow: Pick<Flow, 'waitingFor'>): void;
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

/** Quiet for so many times the longest wait that was ever seen after its last steps. */
const QUIET_FACTOR = 3;
/** Flows of a type that can still take back what they taught. */
const MOST_TAUGHT = 5000;
const MOST_TAUGHT_IN_ALL = 100_000;
const MOST_TYPES = 2000;
const MOST_ONCE_STUCK = 100_000;
const MOST_SPEAKERS = 10_000;
/** From so many on, the longest of them says something. */
const FEWEST_WAITS = 20;
/** When a type has taught so often, what was taught before anything was known is looked at again. */
const isMilestone = (total: number): boolean => total >= 100 && Number.isInteger(Math.log2(total / 100));
/** Flows over which the share of slow ones is measured. */
const SLOW_WINDOW = 100;
/** An ending this rare may have been a stall that nobody could recognize yet. */
const RARE = 0.02;

/** Of the flows of a type that taught last, which are looked through for what may be a stall; how many are stored. */
const MOST_SEARCHED = 1000;
const MOST_RARE = 100;

/** Without a definition nobody asks who takes what. */
const ANYBODY: MayTake = () => true;

/** What was learned of an environment rather than of a flow type is stored under this name. */
const STRUCTURE = '';

export function createExpectations(options: ExpectationsOptions): Expectations {
  const { clock, floorMs } = options;
  const definitions = createDefinitions();
  const structure = createStructure();
  const suspects = createSuspects(clock);
  const clocks = createSenderClocks();
  const ends = createEnds();
  const models = new Map<string, TypeModel>();
  const learning = new Map<string, Digest>();
  const taught = new Map<string, Map<string, Digest>>();
  const typeOfTaught = new Map<string, string>();
  /** Steps after which a flow waited for a service that was silent … */
  const onceStuck = createBoundedSet(MOST_ONCE_STUCK);
  /** … and those after which it waited too long for one that was heard of. A flow's name may change, its steps do not. */
  const slow = createBoundedSet(MOST_ONCE_STUCK);
  /** Those held up by a silence that another flow speaks for: an outage is one slow case, however many it held up. */
  const alike = createBoundedSet(MOST_ONCE_STUCK);
  const speakers = new Map<string, string>();
  const isAmong = (marked: BoundedSet<string>, { steps }: Digest): boolean =>
    steps.some((step) => marked.has(step.id));
  /** Of the flows of a type that taught lately: which share was slow. */
  const slowShare = new Map<string, number>();
  /** Of those in `learning`: was judged to owe something, and may teach all the same after a deploy. */
  const owing = new Set<string>();
  const changed = new Set<string>();
  let version = 0;

  const modelOf = (type: string): TypeModel => {
    let model = models.get(type);
    if (model === undefined) {
      model = createTypeModel();
      if (models.size < MOST_TYPES) models.set(type, model);
    }
    return model;
  };
  const apply = (digest: Digest, weight: 1 | -1): void => {
    teach(modelOf(digest.type), digest, weight);
    structure.teach(digest, weight);
    changed.add(digest.type);
    version++;
  };
  const takeBack = (flowId: string): void => {
    const type = typeOfTaught.get(flowId);
    if (type === undefined) return;
    typeOfTaught.delete(flowId);
    const digest = taught.get(type)!.get(flowId)!;
    taught.get(type)!.delete(flowId);
    apply(digest, -1);
  };

  const deadlines = createDeadlines(clock, (ids) => {
    const again: string[] = [];
    for (const id of ids) {
      const digest = learning.get(id);
      if (digest === undefined) continue;
      learning.delete(id);
      if (mayTeach(digest)) {
        owing.delete(id);
        pushAll(again, learn(digest));
      }
      // Judged when less was known: now it owes something. Who was known to owe is only not let off, and who owes by
      // structure alone was told so: judged again for that, it would be so for ever.
      else if (!owing.delete(id) && expectationsOf(digest, modelOf(digest.type), floorMs).length > 0)
        again.push(id);
    }
    if (again.length > 0) options.onReconsider(again);
  });

  const mayTeach = (digest: Digest): boolean => {
    if (digest.declaredComplete || digest.aborted) return true;
    const model = modelOf(digest.type);
    const owed = expectationsOf(digest, model, floorMs);
    if (owed.length === 0) {
      // Of a young type: who is heard of and did not take a message does not want it; who is silent is down, and an
      // outage must not teach that silence is normal.
      const young = model.flows.total < FEWEST_SAMPLES;
      return (
        !young || structure.owedBy(digest, [], floorMs).every((waiting) => suspects.reports(digest, waiting))
      );
    }
    // After a deploy a follow-up may be gone for good; not if who should perform it fell silent as well.
    return onProbation(digest, model) && owed.every((waiting) => suspects.reports(digest, waiting));
  };
  /** It can take back what it taught, for a while. */
  const keepTaught = (digest: Digest): Map<string, Digest> => {
    let ofType = taught.get(digest.type);
    if (ofType === undefined) taught.set(digest.type, (ofType = new Map<string, Digest>()));
    ofType.set(digest.flowId, digest);
    typeOfTaught.set(digest.flowId, digest.type);
    if (ofType.size > MOST_TAUGHT) unlist(ofType.keys().next().value!);
    if (typeOfTaught.size > MOST_TAUGHT_IN_ALL) unlist(typeOfTaught.keys().next().value!);
    return ofType;
  };
  /** What it taught stays; it cannot take it back any more. */
  const unlist = (flowId: string): void => {
    taught.get(typeOfTaught.get(flowId)!)?.delete(flowId);
    typeOfTaught.delete(flowId);
  };

  /** How long an outage took is not how long a step takes; but where most take so long, that is how it is. */
  const mayTeachWaits = (digest: Digest): boolean =>
    !isAmong(onceStuck, digest) &&
    !isAmong(alike, digest) &&
    (!isAmong(slow, digest) || (slowShare.get(digest.type) ?? 0) > 0.5);

  /** Waits longer than was known to be normal, in a silence of who ended them: too short to be called stuck, perhaps. */
  const markHeldUp = (digest: Digest): void => {
    const model = modelOf(digest.type);
    /** Who performs each step type; few flows have such waits. */
    let services: Map<string, string> | null = null;
    for (const step of digest.steps)
      for (const { to, ms } of step.waits) {
        const known = model.steps.get(step.key)?.waits.get(to);
        if (ms <= (known !== undefined && known.count >= FEWEST_WAITS ? longest(known) : floorMs)) continue;
        services ??= new Map(digest.steps.map((other) => [other.as, other.service]));
        const service = services.get(to);
        if (service === undefined) continue;
        const silence = suspects.silenceIn(digest, service, step.startMs, step.startMs + ms);
        if (silence === null) continue;
        slow.add(step.id);
        const speaker = speakers.get(silence);
        if (speaker !== undefined && speaker !== step.id) alike.add(step.id);
        if (speaker !== undefined) continue;
        speakers.set(silence, step.id);
        if (speakers.size > MOST_SPEAKERS) speakers.delete(speakers.keys().next().value!);
      }
  };

  /** Returns the flows that look like stalls now that more is known. */
  const learn = (digest: Digest): string[] => {
    // Types beyond what is learned of teach nothing: a hostile one must not cost memory.
    if (!models.has(digest.type)) return [];
    apply(digest, 1);
    const share = slowShare.get(digest.type) ?? 0;
    if (!isAmong(alike, digest))
      slowShare.set(digest.type, share + ((isAmong(slow, digest) ? 1 : 0) - share) / SLOW_WINDOW);
    const ofType = keepTaught(digest);
    const model = modelOf(digest.type);
    // A new version is judged by its own record from now on: what was held against it is judged anew.
    if (
      digest.steps.some(
        (step) => model.steps.get(step.key)?.byVersion.get(step.version)?.total === FEWEST_SAMPLES,
      )
    )
      return [...ofType.values()].flatMap((one) =>
        isAmong(onceStuck, one) || isAmong(slow, one) ? [one.flowId] : [],
      );
    return isMilestone(model.flows.total)
      ? [...ofType.values()].filter(looksStalled).map((one) => one.flowId)
      : [];
  };
  const isRare = (digest: Digest, model: TypeModel): boolean => {
    const few = (sets: OutcomeSets | undefined, members: readonly string[]): boolean =>
      sets !== undefined && sets.countOf(members) < RARE * sets.total;
    return (
      few(model.flows, typesIn(digest)) ||
      digest.steps.some((step) => few(model.steps.get(step.key)?.sets, step.follow)) ||
      digest.parts.some((part) => few(model.parts.get(part.key), part.follow))
    );
  };
  /** Of those that taught, what may turn out to be a stall once more is known: it outlives a restart. */
  const rareOf = (type: string, model: TypeModel): Digest[] =>
    [...(taught.get(type)?.values() ?? [])]
      .slice(-MOST_SEARCHED)
      .filter((digest) => !digest.declaredComplete && isRare(digest, model))
      .slice(-MOST_RARE);
  /** Judged by all others: a flow must not be its own proof. */
  const looksStalled = (digest: Digest): boolean => {
    const model = modelOf(digest.type);
    if (breaksDuties(digest, model)) return true;
    if (digest.declaredComplete || digest.aborted) return false;
    if (!isRare(digest, model)) return false;
    teach(model, digest, -1);
    const owed = expectationsOf(digest, model, floorMs);
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
    let longest = 0;
    for (const step of digest.steps) {
      if (step.follow.length > 0) continue;
      for (const wait of model?.steps.get(step.key)?.waits.values() ?? [])
        longest = Math.max(longest, wait.quantile(1));
    }
    return Math.max(options.settleMs, QUIET_FACTOR * longest);
  };

  options.counters.gauge('fermata_learned_types', () => models.size);
  options.counters.gauge('fermata_flows_learning', () => learning.size);
  return {
    heard: (spans) => clocks.observe(spans),
    of(flow) {
      takeBack(flow.id);
      const behindMs: BehindMs = (step) =>
        Math.max(
          0,
          // A clock that is ahead is no more behind for being set back.
          clocks.behindMs(flow.environment, step.service, step.instance) - Math.max(0, step.skewMs),
        );
      const digest = digestOf(flow, behindMs);
      const waiting = named(awaited(flow, digest, behindMs), flow);
      suspects.observe(flow, digest);
      const now = clock.now();
      // Whoever owes by structure and is silent has an outage before its wait is long enough to be called stuck; whoever is
      // heard of is slow, and slowness is what there is to learn.
      const silent = (one: WaitingFor): boolean => !suspects.reports(digest, one);
      for (const one of waiting)
        if ((one.basis === 'structural' && silent(one) ? one.lateAt : one.stuckAt) <= now)
          (silent(one) ? onceStuck : slow).add(one.afterStepId ?? digest.steps[0]?.id ?? '');
      markHeldUp(digest);
      if (!mayTeachWaits(digest)) for (const step of digest.steps) step.waits = [];
      owing.delete(flow.id);
      const model = modelOf(digest.type);
      const endsDeclared = endsByDeclaration(digest.type, model, flow);
      // What structure owes is no part of the type's history, and must not keep it from being written.
      const owes = waiting.some((one) => one.basis !== 'structural');
      if (!digest.sampled && !endsDeclared && (!owes || mayTeachLater(digest))) {
        if (owes) owing.add(flow.id);
        learning.set(flow.id, digest);
        deadlines.set(flow.id, digest.lastReceivedMs + quietAfter(digest));
      } else {
        learning.delete(flow.id);
        deadlines.clear(flow.id);
      }
      return {
        waitingFor: waiting,
        young: model.flows.total < FEWEST_SAMPLES,
        endsDeclared,
        news: newsOf(digest, model, flow),
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
      const definition = definitions.of(flow.type, flow.typeVersion);
      return definition === null ? flow : concluded(flow, definition);
    },
    define: (list, source, atMs) => definitions.add(list, source, atMs),
    definitions: () => definitions.list(),
    dutiesOf: (flow) => {
      const definition = definitions.of(flow.type, flow.typeVersion);
      const declared = definition && declaredDuties(definition);
      if (declared) return declared;
      const model = models.get(`${flow.environment}\0${flow.type}`);
      return model ? undoDuties(model) : { owed: new Set(), order: new Set() };
    },
    recall({ waitingFor }) {
      for (const { afterStepId, stuckAt } of waitingFor)
        if (afterStepId !== null && stuckAt <= clock.now()) onceStuck.add(afterStepId);
    },
    quarantine(flowId) {
      learning.delete(flowId);
      owing.delete(flowId);
      deadlines.clear(flowId);
    },
    forget(flowId) {
      takeBack(flowId);
      suspects.forget(flowId);
      learning.delete(flowId);
      owing.delete(flowId);
      deadlines.clear(flowId);
    },
    takeChanged() {
      const list = [...changed].flatMap((key) => {
        const model = models.get(key);
        if (model === undefined) return [];
        const [environment = '', type = ''] = key.split('\0');
        const stored = { ...toStored(model), rare: rareOf(key, model) };
        return [{ environment, type, version: model.version, json: JSON.stringify(stored) }];
      });
      changed.clear();
      for (const { environment, json } of structure.takeChanged())
        list.push({ environment, type: STRUCTURE, version, json });
      return list;
    },
    load(stored) {
      for (const { environment, type, json } of stored)
        if (type === STRUCTURE) structure.load(environment, json);
        else {
          const { model, rare } = fromStored(json);
          models.set(`${environment}\0${type}`, model);
          rare.forEach(keepTaught);
        }
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

  /** Whoever was seen to take something takes that; of others, whatever nobody else was seen to take. */
  function mayTake(model: TypeModel): MayTake {
    const seen = [...model.about.values()].filter(({ via }) => via.length > 0);
    const takers = new Set(seen.map(({ name }) => name));
    const taken = new Set(seen.flatMap(({ via }) => via));
    const pairs = new Set(seen.flatMap(({ name, via }) => via.map((one) => `${name}\0${one}`)));
    return (step, destination) =>
      takers.has(step) ? pairs.has(`${step}\0${destination}`) : !taken.has(destination);
  }

  /** Where a definition speaks of a step, what was learned of it is not asked. */
  function awaited(flow: Flow, digest: Digest, behindMs: BehindMs): WaitingFor[] {
    const model = modelOf(digest.type);
    const definition = definitions.of(flow.type, flow.typeVersion);
    const lagMs = (name: string): number => {
      for (const about of model.about.values()) if (about.name === name) return about.lag.quantile(0.999);
      return 0;
    };
    const declared = declaredOf(flow, definition, {
      floorMs,
      lagMs,
      mayTake: definition === null ? ANYBODY : mayTake(model),
      behindMs,
    });
    if (digest.sampled) return declared;
    const learned = expectationsOf(digest, model, floorMs);
    if (definition === null && declared.length === 0)
      // Once the type is known, its history speaks: it knows the messages that nobody has to take.
      return model.flows.total >= FEWEST_SAMPLES
        ? learned
        : [...learned, ...structure.owedBy(digest, learned, floorMs)];
    const spoken = new Set([
      ...(definition?.steps.map((step) => step.name) ?? []),
      ...declared.map((one) => one.step),
    ]);
    return [
      ...declared,
      ...learned.filter(
        (one) =>
          !spoken.has(one.step) && !one.oneOf.some((name) => spoken.has(name)) && flow.phase !== 'ended',
      ),
    ];
  }

  /** It owes something, but may teach all the same once it was quiet. */
  function mayTeachLater(digest: Digest): boolean {
    return digest.declaredComplete || digest.aborted || onProbation(digest, modelOf(digest.type));
  }
}
