import type { WaitingFor } from '../../model/expectation.ts';
import { destinationOf, isMessageOf, messageKeyOf, placeOf, setKey } from '../keys.ts';
import type { Digest, DigestStep, SentMessage } from './digest.ts';
import { comesAfter, typesIn, type MessageModel, type StepModel, type TypeModel } from './model.ts';
import { isUnhandled } from '../structural/receipts.ts';
import { MAX_WAITING, expectedSince, waitingFor } from '../waiting-for.ts';
import {
  MIN_SAMPLES,
  type Candidate,
  type ExpectedNext,
  type OutcomeSets,
} from './outcome-sets.ts';
import type { Waits } from './waits.ts';

/**
 * Returns what a flow waits for, by what was learned. Pure: the same flow and model give the same
 * answer. It asks in this order: what each step has yet to do (the choice), which consumers have
 * yet to take what it sent, and, only if no step and no message has an expectation, what the flow
 * as a whole lacks. So one stall is reported once.
 */
export function expectedBySteps(digest: Digest, model: TypeModel, floorMs: number): WaitingFor[] {
  if (digest.aborted) return [];
  const found: WaitingFor[] = [];
  const asked = createContext(digest, model, floorMs);
  for (const step of digest.steps) {
    if (found.length >= MAX_WAITING) return found;
    const known = model.steps.get(step.key);
    if (known === undefined) continue;
    if (!step.running) found.push(...expectedByChoice(step, known, asked));
    else if (!isUnhandled(step)) {
      const lost = expectedEnd(step, known, floorMs);
      if (lost) found.push(lost);
    }
  }
  for (const message of digest.messages) {
    if (found.length >= MAX_WAITING) break;
    found.push(...expectedTakers(message, asked));
  }
  return found;
}

interface Context {
  digest: Digest;
  model: TypeModel;
  floorMs: number;
  step(id: string): DigestStep | undefined;
  /** Caches what is expected of equal messages, because those of a fan-out are mostly alike. */
  owedOf: Map<string, ExpectedNext | null>;
}

function createContext(digest: Digest, model: TypeModel, floorMs: number): Context {
  let byId: Map<string, DigestStep> | null = null;
  return {
    digest,
    model,
    floorMs,
    step: (id) => (byId ??= new Map(digest.steps.map((step) => [step.id, step]))).get(id),
    owedOf: new Map(),
  };
}

/**
 * Returns whether a step came, after another, by a cause of another type: it belongs to a join,
 * whose last branch led to it, so that no other branch is expected to.
 */
const cameOtherwise = (
  as: string,
  after: DigestStep,
  fromMs: number,
  { digest }: Context,
): boolean =>
  digest.steps.some((step) => step.as === as && step.startMs >= fromMs && step.from !== after.as);

/** Repeats the question, adding what came by another branch, until nothing expected has come. */
function expectedBeyond(
  seen: readonly string[],
  ask: (seen: readonly string[]) => ExpectedNext | null,
  came: (key: string) => boolean,
): ExpectedNext | null {
  for (let all = seen; ;) {
    const owed = ask(all);
    const others =
      owed === null ? [] : [...owed.certain, ...owed.oneOf].filter(({ key }) => came(key));
    if (owed === null || others.length === 0) return owed;
    all = [...all, ...others.map(({ key }) => key)];
  }
}

/**
 * Returns what a step is expected to do yet, judged among steps of its type: what it sent and
 * called is the choice that it made.
 */
function expectedByChoice(step: DigestStep, known: StepModel, asked: Context): WaitingFor[] {
  const { model, floorMs } = asked;
  const sets = setsFor(known, step.version);
  // A step that did something its type never did made a new choice, which is no stall of the usual
  // path.
  if (didSomethingNew(step, known)) return [];
  const takersOf = (action: string): string[] => {
    const place = placeOf(action);
    if (place === null) return [action];
    const taker = messagesTo(place, step, model)?.takers.mostFrequent() ?? null;
    return taker === null ? [] : [taker];
  };
  const owed = expectedBeyond(
    step.did,
    (seen) => sets.expectedAfter(seen),
    (action) => takersOf(action).some((as) => cameOtherwise(as, step, step.startMs, asked)),
  );
  if (owed === null) return [];
  // An action without a known consumer is no stall, unless it is one of several alternatives.
  const certain = owed.certain.filter(({ key }) => takersOf(key).length > 0);
  if (certain.length === 0 && owed.oneOf.length === 0) return [];
  // Names an action by the consumer that would follow.
  const named = (list: readonly Candidate[]): Named[] =>
    list.map((one) => ({
      ...one,
      as: takersOf(one.key)[0] ?? one.key,
      waits: known.waits.get(one.key),
    }));
  return entries({ ...owed, certain }, named, asked).map((candidates) =>
    waiting(candidates, asked, {
      id: step.id,
      after: step,
      message: destinationOf(candidates[0]!.key),
      since: expectedSince(step, step.startMs),
      owed,
      extraMs: lagOf(step.as, model),
      floorMs,
    }),
  );
}

/**
 * Returns which other consumers are expected to take a message. A message that none took is handled
 * in `structural/`.
 */
function expectedTakers(message: SentMessage, asked: Context): WaitingFor[] {
  const { model, floorMs } = asked;
  const known = model.messages.get(message.key);
  const step = asked.step(message.stepId);
  if (known === undefined || step === undefined || message.takers.length === 0) return [];
  const ask = (seen: readonly string[]): ExpectedNext | null => {
    const alike = setKey([message.key, ...seen]);
    let owed = asked.owedOf.get(alike);
    if (owed === undefined) asked.owedOf.set(alike, (owed = takersExpected(known.takers, seen)));
    return owed;
  };
  const owed = expectedBeyond(message.takers, ask, (as) =>
    cameOtherwise(as, step, message.sentMs, asked),
  );
  if (owed === null) return [];
  const named = (list: readonly Candidate[]): Named[] =>
    list.map((one) => ({ ...one, as: one.key, waits: known.waits.get(one.key) }));
  return entries(owed, named, asked).map((candidates) =>
    waiting(candidates, asked, {
      id: message.sendSpanId,
      after: step,
      message: message.destination,
      since: expectedSince(step, message.sentMs),
      owed,
      extraMs: 0,
      floorMs: owed.samples < MIN_ALWAYS ? Math.max(floorMs, UNSURE_MS) : floorMs,
      // With so few messages only silence tells an outage from a choice.
      basis: owed.samples < MIN_ALWAYS ? 'structural' : 'learned',
    }),
  );
}

/**
 * From this many messages on a consumer of each of them is expected while it is silent; an active
 * one may be selective.
 */
const MIN_MESSAGES = 20;
/** From this many messages on it is expected even if it is active. */
const MIN_ALWAYS = 50;
const UNSURE_MS = 60_000;
function takersExpected(takers: OutcomeSets, seen: readonly string[]): ExpectedNext | null {
  if (takers.total >= MIN_SAMPLES) return takers.expectedAfter(seen);
  // Counts only equal cases: of three messages with the same optional consumers, what came with all
  // three is chance.
  const alike = takers.holding(seen);
  const always = alike < MIN_MESSAGES ? [] : takers.alwaysWith(seen);
  return always.length === 0
    ? null
    : {
        certain: always.map((key) => ({ key, probability: 1 })),
        oneOf: [],
        samples: Math.min(MIN_SAMPLES - 1, Math.round(alike)),
        provisional: true,
      };
}

/**
 * Minimum share of flows with both in which a step came later; a rarer one is not expected after.
 */
const COMES_AFTER = 0.05;

/**
 * Returns what the flow as a whole lacks, for joins and for steps that only the flow's id connects.
 * A step is expected only if it comes after the last one present, and by a path that was taken.
 */
export function expectedByFlow(digest: Digest, model: TypeModel, floorMs: number): WaitingFor[] {
  if (digest.aborted || digest.steps.length === 0 || onProbation(digest, model)) return [];
  const last = digest.steps.reduce((a, b) => (b.startMs > a.startMs ? b : a));
  const mayCause = causersIn(digest, model);
  const owed = model.flows.expectedAfter(
    typesIn(digest),
    ({ key }) => (comesAfter(model, key, last.as) ?? 1) >= COMES_AFTER && mayCause(key),
  );
  if (owed === null) return [];
  const asked = createContext(digest, model, floorMs);
  const named = (list: readonly Candidate[]): Named[] =>
    list.map((one) => ({ ...one, as: one.key, waits: model.gaps.get(one.key) }));
  return entries(owed, named, asked).map((candidates) =>
    waiting(candidates, asked, {
      id: 'flow',
      after: null,
      message: null,
      since: expectedSince(last, last.startMs),
      owed,
      extraMs: 0,
      floorMs,
    }),
  );
}

/**
 * Returns whether a step type may still come, by its causes in other flows: one of them has to be
 * present, and must not have done something that its type never did. A branch that was never seen
 * before is no stall of the usual one.
 */
function causersIn(digest: Digest, model: TypeModel): (as: string) => boolean {
  const here = new Map<string, boolean>();
  for (const step of digest.steps) {
    const known = model.steps.get(step.key);
    const isNew = known !== undefined && didSomethingNew(step, known);
    here.set(step.as, (here.get(step.as) ?? false) || !isNew);
  }
  return (as) => {
    const causers = model.about.get(as)?.causers ?? [];
    return causers.length === 0 || causers.some((one) => here.get(one) === true);
  };
}

const didSomethingNew = (step: DigestStep, known: StepModel): boolean =>
  step.did.some((action) => known.sets.holding([action]) === 0);

const messagesTo = (place: string, step: DigestStep, model: TypeModel): MessageModel | undefined =>
  model.messages.get(messageKeyOf(step, place)) ??
  // A new version is assumed to send what the previous one sent.
  [...model.messages].find(([key]) => isMessageOf(key, step.as, place))?.[1];

/** A candidate, with the step type that names it. */
interface Named extends Candidate {
  as: string;
  waits: Waits | undefined;
}

/**
 * Returns each certain candidate, else all alternatives as one entry; without those that an
 * operator accepted as gone.
 */
function entries(
  { certain, oneOf }: ExpectedNext,
  named: (list: readonly Candidate[]) => Named[],
  { model }: Context,
): Named[][] {
  const isOwed = ({ as }: Named): boolean => !model.accepted.has(as);
  if (certain.length > 0)
    return named(certain)
      .filter(isOwed)
      .map((one) => [one]);
  const left = named(oneOf).filter(isOwed);
  return left.length < Math.max(1, oneOf.length) ? [] : [left];
}

/**
 * Returns the sets of a version with enough samples; a new version is judged by those of all
 * versions.
 */
function setsFor(known: StepModel, version: string): OutcomeSets {
  const own = known.byVersion.get(version);
  return own !== undefined && own.total >= MIN_SAMPLES ? own : known.sets;
}

/**
 * Returns whether a step ran in a version too new to be judged: what was expected before the
 * deployment may not come any more.
 */
export function onProbation(digest: Digest, model: TypeModel): boolean {
  return digest.steps.some((step) => {
    const versions = model.steps.get(step.key)?.byVersion;
    if (versions === undefined || (versions.get(step.version)?.total ?? 0) >= MIN_SAMPLES)
      return false;
    return [...versions].some(
      ([version, sets]) => version !== step.version && sets.total >= MIN_SAMPLES,
    );
  });
}

interface Where {
  id: string;
  after: DigestStep | null;
  message: string | null;
  since: number;
  owed: ExpectedNext;
  extraMs: number;
  floorMs: number;
  basis?: 'learned' | 'structural';
}

function waiting(candidates: readonly Named[], { model }: Context, where: Where): WaitingFor {
  const { after, since, owed } = where;
  const best = candidates[0]!;
  const about = model.about.get(best.as);
  let late = 0;
  let stuck = 0;
  let lag = 0;
  for (const { as, waits, probability } of candidates) {
    if (probability < 0.01) continue;
    late = Math.max(late, waits?.late() ?? 0);
    stuck = Math.max(stuck, waits?.stuck() ?? 0);
    lag = Math.max(lag, lagOf(as, model));
  }
  const names = candidates.map(({ as }) => model.about.get(as)?.name ?? destinationOf(as) ?? as);
  return {
    id: `${where.id}>${candidates.map(({ key }) => key).join('|')}`.slice(0, 300),
    afterStepId: after?.id ?? null,
    hopId: null,
    step: names[0]!,
    service: about?.service ?? null,
    message: where.message ?? about?.via[0] ?? null,
    oneOf: candidates.length > 1 ? names.slice(0, 10) : [],
    certain: owed.certain.length > 0,
    expectedAt: since + (best.waits?.median() ?? 0),
    since,
    lateAt: since + Math.max(where.floorMs, late) + lag + where.extraMs,
    stuckAt: since + Math.max(where.floorMs, stuck) + lag + where.extraMs,
    basis: where.basis ?? 'learned',
    absence: about?.kind === 'reply' ? 'missing-reply' : 'missing-step',
    probability: candidates.length === 1 ? best.probability : 1,
    samples: owed.samples,
    provisional: owed.provisional,
  };
}
/** Returns the lag of a step type, ms: a span is received only after it ended and was exported. */
const lagOf = (as: string, model: TypeModel): number => model.about.get(as)?.lag.late() ?? 0;

/** Time between two heartbeats of a long step, ms. */
const SIGN_MS = 60_000;

/** Expects the end of a step that announced its start. */
function expectedEnd(step: DigestStep, known: StepModel, floorMs: number): WaitingFor | null {
  const { durations } = known;
  if (durations.count < MIN_SAMPLES) return null;
  const since = expectedSince(step, step.startMs);
  // A step with heartbeats is stuck only once they stop.
  const alive =
    step.aliveMs > step.startMs ? step.aliveMs + step.behindMs + Math.max(floorMs, SIGN_MS) : 0;
  return waitingFor({
    id: `${step.id}>end`,
    afterStepId: step.id,
    step: step.name,
    service: step.service,
    expectedAt: since + durations.median(),
    since,
    lateAt: Math.max(alive, since + Math.max(floorMs, durations.late())),
    stuckAt: Math.max(alive, since + Math.max(floorMs, durations.stuck())),
    basis: 'learned',
    absence: 'lost-step',
    samples: Math.round(durations.count),
    provisional: durations.count < 800,
  });
}
