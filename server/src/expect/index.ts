import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createDeadlines } from '../base/deadlines.ts';
import type { WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import { digestOf, type Digest } from './digest.ts';
import { expectationsOf, onProbation } from './expectations.ts';
import { FEWEST_SAMPLES } from './outcome-sets.ts';
import {
  breaksDuties,
  createTypeModel,
  fromStored,
  teach,
  toStored,
  typesIn,
  undoDuties,
  type TypeModel,
} from './model.ts';

/**
 * What should come next. Learns from flows that ended well, or fell quiet owing nothing; a flow that owes something
 * teaches nothing, or an outage would teach that silence is normal.
 */
export interface Expectations {
  /** What a flow waits for now; whatever it taught in an earlier form is taken back. */
  of(flow: Flow): WaitingFor[];
  /** Steps that have to be undone once something is, and in which order. */
  dutiesOf(flow: Flow): { owed: Set<string>; order: Set<string> };
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
const MOST_SERVICES = 10_000;
/** When a type has taught so often, what was taught before anything was known is looked at again. */
const isMilestone = (total: number): boolean => total >= 100 && Number.isInteger(Math.log2(total / 100));
/** An ending this rare may have been a stall that nobody could recognize yet. */
const RARE = 0.02;

export function createExpectations(options: ExpectationsOptions): Expectations {
  const { clock, floorMs } = options;
  const models = new Map<string, TypeModel>();
  const learning = new Map<string, Digest>();
  const taught = new Map<string, Map<string, Digest>>();
  const typeOfTaught = new Map<string, string>();
  const onceStuck = new Set<string>();
  /** Of those in `learning`: was judged to owe something, and may teach all the same after a deploy. */
  const owing = new Set<string>();
  const changed = new Set<string>();
  /** When each service was last heard of, in whatever flow, ms. */
  const lastSeen = new Map<string, number>();
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
        again.push(...learn(digest));
      }
      // Judged when less was known: now it owes something. Who was known to owe is only not let off.
      else if (!owing.delete(id)) again.push(id);
    }
    if (again.length > 0) options.onReconsider(again);
  });

  const mayTeach = (digest: Digest): boolean => {
    if (digest.declaredComplete || digest.aborted) return true;
    const model = modelOf(digest.type);
    const owed = expectationsOf(digest, model, floorMs);
    if (owed.length === 0) return true;
    // After a deploy a follow-up may be gone for good; not if who should perform it fell silent as well.
    return onProbation(digest, model) && owed.every((waiting) => reports(digest, waiting));
  };
  const seenKey = (type: string, service: string | null): string =>
    `${type.split('\0')[0]}\0${service ?? ''}`;
  const reports = ({ type }: Digest, { service, since }: WaitingFor): boolean =>
    (lastSeen.get(seenKey(type, service)) ?? 0) > since;

  /** What it taught stays; it cannot take it back any more. */
  const unlist = (flowId: string): void => {
    taught.get(typeOfTaught.get(flowId)!)?.delete(flowId);
    typeOfTaught.delete(flowId);
  };

  /** Returns the flows that look like stalls now that more is known. */
  const learn = (digest: Digest): string[] => {
    // Types beyond what is learned of teach nothing: a hostile one must not cost memory.
    if (!models.has(digest.type)) return [];
    apply(digest, 1);
    let ofType = taught.get(digest.type);
    if (ofType === undefined) taught.set(digest.type, (ofType = new Map<string, Digest>()));
    ofType.set(digest.flowId, digest);
    typeOfTaught.set(digest.flowId, digest.type);
    if (ofType.size > MOST_TAUGHT) unlist(ofType.keys().next().value!);
    if (typeOfTaught.size > MOST_TAUGHT_IN_ALL) unlist(typeOfTaught.keys().next().value!);
    const model = modelOf(digest.type);
    // A new version is judged by its own record from now on: what was held against it is judged anew.
    if (
      digest.steps.some(
        (step) => model.steps.get(step.key)?.byVersion.get(step.version)?.total === FEWEST_SAMPLES,
      )
    )
      return [...ofType.values()].flatMap((one) => (onceStuck.has(one.flowId) ? [one.flowId] : []));
    return isMilestone(model.flows.total)
      ? [...ofType.values()].filter(looksStalled).map((one) => one.flowId)
      : [];
  };
  /** Judged by all others: a flow must not be its own proof. */
  const looksStalled = (digest: Digest): boolean => {
    const model = modelOf(digest.type);
    if (breaksDuties(digest, model)) return true;
    if (digest.declaredComplete || digest.aborted) return false;
    const rare =
      model.flows.countOf(typesIn(digest)) < RARE * model.flows.total ||
      digest.steps.some((step) => {
        const sets = model.steps.get(step.key)?.sets;
        return sets !== undefined && sets.countOf(step.follow) < RARE * sets.total;
      });
    if (!rare) return false;
    teach(model, digest, -1);
    const owed = expectationsOf(digest, model, floorMs);
    teach(model, digest, 1);
    return owed.length > 0;
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
    of(flow) {
      takeBack(flow.id);
      const digest = digestOf(flow);
      const waiting = expectationsOf(digest, modelOf(digest.type), floorMs);
      for (const step of digest.steps) {
        const key = seenKey(digest.type, step.service);
        if (lastSeen.has(key) || lastSeen.size < MOST_SERVICES)
          lastSeen.set(key, Math.max(lastSeen.get(key) ?? 0, step.receivedMs));
      }
      const now = clock.now();
      if (waiting.some((one) => one.stuckAt <= now)) {
        onceStuck.add(flow.id);
        if (onceStuck.size > MOST_ONCE_STUCK) onceStuck.delete(onceStuck.values().next().value!);
      }
      // How long an outage took is not how long a step takes.
      if (onceStuck.has(flow.id)) for (const step of digest.steps) step.waits = [];
      owing.delete(flow.id);
      if (waiting.length === 0 || mayTeachLater(digest)) {
        if (waiting.length > 0) owing.add(flow.id);
        learning.set(flow.id, digest);
        deadlines.set(flow.id, digest.lastReceivedMs + quietAfter(digest));
      } else {
        learning.delete(flow.id);
        deadlines.clear(flow.id);
      }
      return waiting;
    },
    dutiesOf: (flow) => {
      const model = models.get(`${flow.environment}\0${flow.type}`);
      return model ? undoDuties(model) : { owed: new Set(), order: new Set() };
    },
    quarantine(flowId) {
      learning.delete(flowId);
      owing.delete(flowId);
      deadlines.clear(flowId);
    },
    forget(flowId) {
      takeBack(flowId);
      learning.delete(flowId);
      owing.delete(flowId);
      deadlines.clear(flowId);
    },
    takeChanged() {
      const list = [...changed].flatMap((key) => {
        const model = models.get(key);
        if (model === undefined) return [];
        const [environment = '', type = ''] = key.split('\0');
        return [{ environment, type, version: model.version, json: JSON.stringify(toStored(model)) }];
      });
      changed.clear();
      return list;
    },
    load(stored) {
      for (const { environment, type, json } of stored)
        models.set(`${environment}\0${type}`, fromStored(json));
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

  /** It owes something, but may teach all the same once it was quiet. */
  function mayTeachLater(digest: Digest): boolean {
    return digest.declaredComplete || digest.aborted || onProbation(digest, modelOf(digest.type));
  }
}
