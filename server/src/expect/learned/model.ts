import { deleteOldest } from '../../base/oldest.ts';
import { behindOf } from '../sender-clocks.ts';
import { teachUndo, type UndoModel } from './compensation.ts';
import { MAX_MEMBERS, type Digest, type DigestStep } from './digest.ts';
import { createOutcomeSets, type OutcomeSets } from './outcome-sets.ts';
import type { UsualOf } from './outages.ts';
import { createWaits, type Waits } from './waits.ts';

/**
 * The model of one flow type: which steps follow which, how long after one another they come, and
 * how long after their start their spans are received.
 */
export interface TypeModel {
  /**
   * For each set of step types, the number of flows with exactly these types. The sets show what a
   * flow as a whole requires where branches join or run in parallel.
   */
  flows: OutcomeSets;
  /**
   * For each pair of step types (later → earlier), the number of flows in which the first type
   * began after the second.
   */
  order: Map<string, Map<string, number>>;
  steps: Map<string, StepModel>;
  /**
   * For each kind of message (`SentMessage.key`), its consumers, and how long after the send of a
   * message they took the message.
   */
  messages: Map<string, MessageModel>;
  /**
   * For each step type, the time, ms, from the start of the previous step of the flow to the start
   * of a step of this type.
   */
  gaps: Map<string, Waits>;
  about: Map<string, StepAbout>;
  /**
   * Counts over flows that undid something: how often each step was done and undone, and which step
   * was undone before which.
   */
  undo: UndoModel;
  /**
   * Step types that an operator no longer expects, each with the time of that decision, in ms since
   * 1970. A type that occurs again is expected again.
   */
  accepted: Map<string, number>;
  /**
   * Numbers of flows with a declared start: those that declared their completion, and those that
   * became quiet without a declared end.
   */
  ends: { declared: number; quiet: number };
  /** Counts the changes of the model. */
  version: number;
}

export interface StepModel {
  /**
   * Number of flows by the set of actions that a step of this type took in them, such as the
   * messages that it sent. Who consumed a message is counted in `MessageModel`.
   */
  sets: OutcomeSets;
  /**
   * The same counts as `sets`, by the version of the service, because a deployment may change what
   * follows.
   */
  byVersion: Map<string, OutcomeSets>;
  /** Time from the step's start to each of its actions, ms. */
  waits: Map<string, Waits>;
  /** Time from the step's start to its end, ms. */
  durations: Waits;
}

export interface MessageModel {
  takers: OutcomeSets;
  /** Time from the send until each consumer took the message, ms. */
  waits: Map<string, Waits>;
}

/**
 * Name, service and kind of a step type, and its lag: the time from the start of a step until its
 * spans are received, ms.
 */
export interface StepAbout {
  name: string;
  service: string;
  kind: string;
  /**
   * Destinations of the messages that steps of this type took, in the order in which they were
   * learned.
   */
  via: string[];
  /** Consumer group of the step that was learned last; '' if it is unknown. */
  group: string;
  /**
   * Types of the steps that caused steps of this type. A flow without any of them cannot have a
   * step of this type.
   */
  causers: string[];
  lag: Waits;
  lastSeenMs: number;
}

const MAX_STEP_TYPES = 1000;
const MAX_VERSIONS = 4;
const MAX_MESSAGE_TYPES = 1000;
/**
 * Maximum number of destinations kept for one step type. A type that takes from more destinations
 * is assumed to take from any.
 */
const MAX_DESTINATIONS = 20;
const MAX_CAUSERS = 20;
/**
 * Maximum number of step types of one flow whose order is counted pair by pair. Further types are
 * assumed to come at any time.
 */
const MAX_ORDERED = 32;

export function createTypeModel(): TypeModel {
  return {
    flows: createOutcomeSets(),
    order: new Map(),
    steps: new Map(),
    messages: new Map(),
    gaps: new Map(),
    about: new Map(),
    undo: { done: new Map(), undone: new Map(), order: new Map() },
    accepted: new Map(),
    ends: { declared: 0, quiet: 0 },
    version: 0,
  };
}

/** Returns the step types of a flow, each once, sorted. */
export const typesIn = (digest: Digest): string[] =>
  [...new Set(digest.steps.map((step) => step.as))].sort().slice(0, MAX_MEMBERS);

/**
 * Adds a flow to the model's counts (`weight` 1), or subtracts it (-1). Entries beyond the maximum
 * of a map are not learned, which bounds the memory.
 */
export function teach(model: TypeModel, digest: Digest, weight: 1 | -1): void {
  model.version++;
  if (digest.startDeclared && !digest.declaredComplete && !digest.aborted)
    model.ends.quiet += weight;
  model.flows.add(typesIn(digest), weight);
  if (digest.ledger !== null) teachUndo(model.undo, digest.ledger, weight);
  teachOrder(model, digest, weight);
  teachMessages(model, digest, weight);
  const isHeldUp = digest.messages.some(({ waits }) => waits.some((wait) => wait.isHeldUp));
  let before: DigestStep | null = null;
  for (const step of digest.steps) {
    const known = stepModelOf(model, step.key);
    // Neither a step whose type is beyond the maximum nor the gap before that step is learned from.
    if (known === undefined) continue;
    teachStep(known, step, weight);
    if (before !== null) {
      const gapMs = step.startMs - before.startMs - behindOf(before, step);
      waitsOf(model.gaps, step.as).add(Math.max(0, gapMs), isHeldUp, weight);
    }
    if (before === null || step.startMs > before.startMs) before = step;
    teachAbout(model, step, weight);
  }
}

function stepModelOf(model: TypeModel, key: string): StepModel | undefined {
  let known = model.steps.get(key);
  if (known !== undefined || model.steps.size >= MAX_STEP_TYPES) return known;
  known = {
    sets: createOutcomeSets(),
    byVersion: new Map(),
    waits: new Map(),
    durations: createWaits(),
  };
  model.steps.set(key, known);
  return known;
}

function teachStep(known: StepModel, step: DigestStep, weight: number): void {
  known.sets.add(step.did, weight);
  versionSets(known, step.version).add(step.did, weight);
  for (const { to, ms } of step.waits) waitsOf(known.waits, to).add(ms, step.isHeldUp, weight);
  if (step.endMs !== null) known.durations.add(step.endMs - step.startMs, step.isHeldUp, weight);
}

/** Learns the name of a step type, what causes it, and how long after its start it is received. */
function teachAbout(model: TypeModel, step: DigestStep, weight: number): void {
  let about = model.about.get(step.as);
  if (about === undefined) {
    const { name, service, kind } = step;
    about = {
      ...{ name, service, kind, via: [], group: '', causers: [] },
      ...{ lag: createWaits(), lastSeenMs: 0 },
    };
    model.about.set(step.as, about);
  }
  if (step.via !== '' && about.via.length < MAX_DESTINATIONS && !about.via.includes(step.via))
    about.via.push(step.via);
  if (step.from !== '' && about.causers.length < MAX_CAUSERS && !about.causers.includes(step.from))
    about.causers.push(step.from);
  if (step.group) about.group = step.group;
  about.lag.add(step.lagMs, step.isHeldUp, weight);
  about.lastSeenMs = Math.max(about.lastSeenMs, step.receivedMs);
  if (weight > 0 && step.startMs > (model.accepted.get(step.as) ?? Infinity))
    model.accepted.delete(step.as);
}

function teachOrder(model: TypeModel, { steps }: Digest, weight: number): void {
  const began = [...new Set(steps.map((step) => step.as))].slice(0, MAX_ORDERED);
  for (const [i, later] of began.entries()) {
    if (i === 0) continue;
    let before = model.order.get(later);
    if (before === undefined) {
      if (model.order.size >= MAX_STEP_TYPES) continue;
      model.order.set(later, (before = new Map<string, number>()));
    }
    for (let j = 0; j < i; j++) {
      const earlier = began[j]!;
      if (before.has(earlier) || before.size < MAX_ORDERED * 4)
        before.set(earlier, Math.max(0, (before.get(earlier) ?? 0) + weight));
    }
  }
}

/**
 * Returns, of the flows with both step types, the share in which `step` began after `other`; null
 * if the two types never came in one flow.
 */
export function comesAfter(model: TypeModel, step: string, other: string): number | null {
  const after = model.order.get(step)?.get(other) ?? 0;
  const before = model.order.get(other)?.get(step) ?? 0;
  return after + before === 0 ? null : after / (after + before);
}

function teachMessages(model: TypeModel, { messages }: Digest, weight: number): void {
  for (const { key, takers, waitingHopId, waits } of messages) {
    // Untaken messages are counted by destination (`structural/`); here only the consumers are
    // counted.
    if (takers.length === 0 || waitingHopId !== null) continue;
    let known = model.messages.get(key);
    if (known === undefined) {
      // The kind of message that was learned first is dropped, because it most likely belongs to a
      // version that no longer runs.
      if (model.messages.size >= MAX_MESSAGE_TYPES) deleteOldest(model.messages);
      model.messages.set(key, (known = { takers: createOutcomeSets(), waits: new Map() }));
    }
    known.takers.add(takers, weight);
    for (const { to, ms, isHeldUp } of waits) waitsOf(known.waits, to).add(ms, isHeldUp, weight);
  }
}
/**
 * A type declares its ends if it has at least this many flows with a declared end for each flow
 * that became quiet without one. Fewer declared ends are exceptions.
 */
const HABIT = 0.05;
/** Returns whether flows of this type that declare their start also declare their end. */
export const declaresEnds = ({ ends: { declared, quiet } }: TypeModel): boolean =>
  declared > 0 && declared >= HABIT * quiet;

function versionSets(step: StepModel, version: string): OutcomeSets {
  let sets = step.byVersion.get(version);
  if (sets !== undefined) return sets;
  sets = createOutcomeSets();
  step.byVersion.set(version, sets);
  // The version that was learned first is dropped; its counts remain in `sets`, which covers all
  // versions.
  if (step.byVersion.size > MAX_VERSIONS) step.byVersion.delete([...step.byVersion.keys()][0]!);
  return sets;
}

function waitsOf(map: Map<string, Waits>, key: string): Waits {
  let waits = map.get(key);
  if (waits === undefined) map.set(key, (waits = createWaits()));
  return waits;
}

/**
 * Records that an operator no longer expects this step. Returns false if no step of that name is
 * known.
 */
export function accept(
  model: TypeModel,
  step: string,
  service: string | null,
  atMs: number,
): boolean {
  const gone = [...model.about].filter(
    ([, about]) => about.name === step && (service === null || about.service === service),
  );
  for (const [as] of gone) model.accepted.set(as, atMs);
  return gone.length > 0;
}

/**
 * Returns a function that gives the usual times until a step of some type takes a given message, as
 * the model has learned them.
 */
export const usualWaitsIn =
  (model: TypeModel): UsualOf =>
  ({ key }, to) => {
    const waitMs = model.messages.get(key)?.waits.get(to)?.usual() ?? 0;
    return { waitMs, heardMs: waitMs === 0 ? 0 : waitMs + (model.about.get(to)?.lag.usual() ?? 0) };
  };

/**
 * While fewer flows of a type than this are known, its usual waits may be those of one outage, so
 * every wait is treated as unusual.
 */
const YOUNG_FLOWS = 200;
/** A wait of more than this many times the usual bound is unusual. */
const UNUSUAL = 2;
/**
 * Returns a function that gives the bounds above which the waits of a message are so unusual that
 * there must be a cause.
 */
export function unusualWaitsIn(model: TypeModel): UsualOf {
  const usual = usualWaitsIn(model);
  return (message, to) => {
    if (model.flows.total < YOUNG_FLOWS) return { waitMs: 0, heardMs: 0 };
    const { waitMs, heardMs } = usual(message, to);
    return { waitMs: UNUSUAL * waitMs, heardMs: UNUSUAL * heardMs };
  };
}
