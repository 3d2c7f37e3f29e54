import type { WaitingFor } from '../../model/expectation.ts';
import { destinationOf, isMessageOf, messageKeyOf, placeOf, setKey } from '../keys.ts';
import { onProbation, replacedIn } from './deployments.ts';
import type { Digest, DigestStep, SentMessage } from './digest.ts';
import { comesAfter, typesIn, type MessageModel, type StepModel, type TypeModel } from './model.ts';
import { isUnhandled } from '../structural/receipts.ts';
import { MAX_WAITING, expectedSince, expectedSinceSent, waitingFor } from '../waiting-for.ts';
import {
  MIN_SAMPLES,
  type Candidate,
  type ExpectedNext,
  type OutcomeSets,
} from './outcome-sets.ts';
import type { Waits } from './waits.ts';

/**
 * Returns what the steps and messages of a flow wait for, by what was learned. The function is
 * pure: the same flow and model give the same result. First it returns what each step has yet to do
 * (the choice), then which consumers have yet to take what the steps sent. What the flow as a whole
 * lacks (`expectedByFlow`) is considered only if no step and no message waits for anything, so that
 * one stall is reported once.
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
  /** Returns whether a new step of the flow has replaced a step of this type. */
  isReplaced: (as: string) => boolean;
  /**
   * Caches what is still expected of messages with the same key and the same consumers, because
   * most messages of a fan-out are alike in both.
   */
  owedOf: Map<string, ExpectedNext | null>;
}

function createContext(digest: Digest, model: TypeModel, floorMs: number): Context {
  let byId: Map<string, DigestStep> | null = null;
  return {
    digest,
    model,
    floorMs,
    step: (id) => (byId ??= new Map(digest.steps.map((step) => [step.id, step]))).get(id),
    isReplaced: replacedIn(digest, model),
    owedOf: new Map(),
  };
}

/**
 * Returns whether a step of type `as` began after `fromMs` and was caused by a step of another type
 * than `after` has. If so, the expected step is a join. The branch that ended last led to the join,
 * and no other branch has to.
 */
const cameOtherwise = (
  as: string,
  after: DigestStep,
  fromMs: number,
  { digest }: Context,
): boolean =>
  digest.steps.some((step) => step.as === as && step.startMs >= fromMs && step.from !== after.as);

/**
 * Returns what is still expected, without the follow-ups that came by another branch. Those are
 * added to `seen`, and `ask` is called again, until nothing that it returns has come.
 */
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
 * Returns what a step is still expected to do, compared with other steps of its type. What the step
 * has sent and called so far is the choice that it made.
 */
function expectedByChoice(step: DigestStep, known: StepModel, asked: Context): WaitingFor[] {
  const { model, floorMs } = asked;
  const sets = setsFor(known, step.version);
  // A step that did something which no step of its type ever did made a new choice. That is no
  // stall of the usual path.
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
  // A missing action is a stall only if its consumer is known, or if the action is one of several
  // alternatives.
  const certain = owed.certain.filter(({ key }) => takersOf(key).length > 0);
  if (certain.length === 0 && owed.oneOf.length === 0) return [];
  // Names each action by the consumer that usually follows the action.
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
 * Returns which further consumers are expected to take a message that at least one consumer took. A
 * message that no consumer took is handled in `structural/`.
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
      since: expectedSinceSent(step, message.sentMs),
      owed,
      extraMs: 0,
      floorMs: owed.samples < MIN_ALWAYS ? Math.max(floorMs, UNSURE_MS) : floorMs,
      // With so few messages, only silence of the consumer shows an outage. An active consumer may
      // have chosen not to take the message.
      basis: owed.samples < MIN_ALWAYS ? 'structural' : 'learned',
    }),
  );
}

/**
 * From this many messages on, a consumer that took every message is expected to take the next one,
 * but only while the consumer is silent: an active consumer may be selective.
 */
const MIN_MESSAGES = 20;
/**
 * From this many messages on, a consumer that took every message is expected to take the next one
 * even if the consumer is active.
 */
const MIN_ALWAYS = 50;
const UNSURE_MS = 60_000;
function takersExpected(takers: OutcomeSets, seen: readonly string[]): ExpectedNext | null {
  if (takers.total >= MIN_SAMPLES) return takers.expectedAfter(seen);
  // Only messages that the same consumers took are counted. If few of them are known, it may be
  // chance that one more consumer took all of them: that consumer is not expected yet.
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
 * A step type is expected after another only if it came later in at least this share of the flows
 * that have both types.
 */
const COMES_AFTER = 0.05;

/**
 * Returns what the flow as a whole lacks. This covers joins, and steps that only the flow's id
 * connects. A step is expected only if it usually comes after the last step present, on a path that
 * the flow took.
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
 * Returns a function that tells whether a step of a type may still come in this flow. For that, the
 * flow needs a step of a type that is its cause in other flows. A step that did something new for
 * its type does not count, because a new branch need not lead where the usual branch leads.
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
  // A new version of a service is assumed to send what the previous version sent.
  [...model.messages].find(([key]) => isMessageOf(key, step.as, place))?.[1];

/** A candidate with the step type by whose name the candidate is reported. */
interface Named extends Candidate {
  as: string;
  waits: Waits | undefined;
}

/**
 * Returns one entry for each certain candidate; if there is none, one entry with all alternatives.
 * Leaves out each certain candidate that an operator accepted as gone, or that a new step has
 * replaced. If one of the alternatives is left out, leaves out all of them.
 */
function entries(
  { certain, oneOf }: ExpectedNext,
  named: (list: readonly Candidate[]) => Named[],
  { model, isReplaced }: Context,
): Named[][] {
  const isOwed = ({ as }: Named): boolean => !model.accepted.has(as) && !isReplaced(as);
  if (certain.length > 0)
    return named(certain)
      .filter(isOwed)
      .map((one) => [one]);
  const left = named(oneOf).filter(isOwed);
  return left.length < Math.max(1, oneOf.length) ? [] : [left];
}

/**
 * Returns the counts of a version of the service if they have enough samples; otherwise the counts
 * of all versions together.
 */
function setsFor(known: StepModel, version: string): OutcomeSets {
  const own = known.byVersion.get(version);
  return own !== undefined && own.total >= MIN_SAMPLES ? own : known.sets;
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
/**
 * Returns the lag of a step type, ms: the time until its spans are received, which is after the
 * step ended and was exported.
 */
const lagOf = (as: string, model: TypeModel): number => model.about.get(as)?.lag.late() ?? 0;

/** Maximum time between two heartbeats of a long step, ms. */
const SIGN_MS = 60_000;

/**
 * Returns the expected end of a step that announced its start; null if too few durations of its
 * type are known.
 */
function expectedEnd(step: DigestStep, known: StepModel, floorMs: number): WaitingFor | null {
  const { durations } = known;
  if (durations.count < MIN_SAMPLES) return null;
  const since = expectedSince(step, step.startMs);
  // A step that sent heartbeats is stuck only once the heartbeats stop.
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
