import type { WaitingFor } from '../../model/expectation.ts';
import { environmentOf, type Digest, type DigestStep, type SentMessage } from '../learned/digest.ts';
import type { TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES, wilson } from '../learned/outcome-sets.ts';
import { MAX_WAITING, owedSince, waitingFor } from '../waiting-for.ts';
import { isUnhandled, receiptKey, workFollows } from './receipts.ts';
import { createWaits, type StoredWaits, type Waits } from '../learned/waits.ts';

/**
 * What messaging itself owes: a message to a place where others were taken owes a consumption, a command that is usually
 * replied to owes a reply, a started step owes an end or a sign of life. It speaks until history contradicts it, message
 * by message: counted for each kind of message, and for each place of an environment as long as little is known of that.
 */
export interface Structure {
  /** A flow that owes nothing teaches, or takes back what it taught. Returns places that somebody takes from, as of now. */
  teach(digest: Digest, weight: 1 | -1): string[];
  /** Whatever was taken, in flows that owe something as well. */
  observe(digest: Digest): void;
  /**
   * A message that still waits although others were taken that were sent later: its taker is there and does not want it.
   * Counted while little is known of its place; later it was lost, and a lost message must not silence its own alarm.
   */
  countUntaken(digest: Digest): void;
  /** What `countUntaken` counted of this flow. */
  takeBackUntaken(digest: Digest): void;
  owedBy(digest: Digest, model: TypeModel, known: readonly WaitingFor[], floorMs: number): WaitingFor[];
  /** A message rests untaken that is taken as a rule. */
  hasLeftOver(digest: Digest): boolean;
  /** Messages that wait at places where nobody was ever seen to take any. */
  waitsForNobody(digest: Digest): SentMessage[];
  /** Of a delivery that was told of before its work: work follows there, as far as is known. */
  workFollows(environment: string, place: string): boolean;
  /** A batch was taken whose links do not name all that was in it. */
  observeCut(environment: string, destination: string, atMs: number): void;
  /** Messages that a batch may have taken without naming them. */
  mayBeTaken(digest: Digest): boolean;
  takeChanged(): { environment: string; json: string }[];
  load(environment: string, json: string): void;
}

/** Of messages of one kind, or of commands to one step: how many met what they owe. */
interface Tally {
  met: number;
  unmet: number;
  waits: Waits;
  /** From the start of who met it until that was heard of, ms. */
  lag: Waits;
  /** When the first of those that met it was sent, ms: before that nobody was there. */
  sinceMs: number;
  /** When that one was sent with which so many had met it that whoever is overtaken from then on was lost, ms. */
  solidMs: number;
  /** Who meets it, last seen. */
  step: string;
  service: string;
}

/** What was taken at one place lately. */
interface Taking {
  /** When the latest of the messages that were taken was sent, ms. */
  latestSentMs: number;
  /** Spans of time in which something was taken. */
  taking: Set<number>;
  /** By the span of time in which they were sent: when the latest of those that were taken was, ms. */
  latestOf: Map<number, number>;
  /** When the last message was sent that counted as one that others overtook, ms. */
  countedMs: number;
}
/** When this one was sent, or between the last that counted and this one. */
const wasAtWork = ({ taking, latestOf, countedMs }: Taking, sentMs: number): boolean => {
  if ((latestOf.get(spanOf(sentMs)) ?? 0) >= sentMs) return true;
  for (const span of taking) if (span * SPAN_MS >= countedMs && span * SPAN_MS <= sentMs) return true;
  return false;
};
/** That a message rests shows only after several of the longest waits: so long back it is known who was at work. */
const SPAN_MS = 8000;
const MAX_SPANS = 256;
const spanOf = (ms: number): number => Math.floor(ms / SPAN_MS);

const MIN_TALLIED = 20;
/** From so many on of which none rested, what is sent for a join is taken by it, each by itself. */
const ALWAYS = 200;
const NORMAL = 0.8;
/** Of the messages to a place: if more than this rest untaken, by the lower bound, its taker is choosy. */
const RESTS = 0.05;
/** From so many on, a message that others overtook was lost. */
const SOLID = 200;
const FULL = 4000;
const MAX_TALLIES = 10_000;
const MAX_PLACES = 10_000;
/** Few samples: nothing is stuck sooner. */
const UNSURE_MS = 60_000;
/** A running step of which no duration is known, after its last sign of life. */
const NO_SIGN_MS = 600_000;
/** A batch takes what was sent before it, in this time at least. */
const CUT_MS = 60_000;
const MAX_CUTS = 64;

const takenKey = (place: string): string => `consumed ${place}`;
const sentKey = ({ type }: Digest, { key }: SentMessage): string => `sent ${type}\0${key}`;
const repliedKey = (step: DigestStep): string => `replied ${step.as}`;
const isUntaken = ({ takers, waitingHopId }: SentMessage): boolean =>
  takers.length === 0 && waitingHopId !== null;

export function createStructure(): Structure {
  const byEnvironment = new Map<string, Map<string, Tally>>();
  const changed = new Set<string>();
  /** By environment and place. */
  const takings = new Map<string, Taking>();
  /** By environment and place of a receipt: when the latest delivery began whose work came, ms. */
  const latestHandled = new Map<string, number>();
  const cuts = new Map<string, number[]>();

  const known = (environment: string, key: string): Tally | undefined =>
    byEnvironment.get(environment)?.get(key);
  const tallyOf = (environment: string, key: string): Tally | undefined => {
    let tallies = byEnvironment.get(environment);
    if (tallies === undefined) byEnvironment.set(environment, (tallies = new Map<string, Tally>()));
    let tally = tallies.get(key);
    if (tally === undefined && tallies.size < MAX_TALLIES)
      tallies.set(
        key,
        (tally = {
          ...{ met: 0, unmet: 0, waits: createWaits(), lag: createWaits() },
          ...{ sinceMs: Infinity, solidMs: Infinity, step: '', service: '' },
        }),
      );
    return tally;
  };
  const count = (tally: Tally | undefined, met: boolean, weight: number): void => {
    if (tally === undefined) return;
    if (met) tally.met = Math.max(0, tally.met + weight);
    else tally.unmet = Math.max(0, tally.unmet + weight);
    if (tally.met + tally.unmet < FULL) return;
    tally.met /= 2;
    tally.unmet /= 2;
  };
  /** By its own kind where enough of those are known, else by its place; null: nobody has to take it. */
  const tallyFor = (digest: Digest, message: SentMessage): Tally | null => {
    if (!isTakenByAnybody(digest, message)) return null;
    const environment = environmentOf(digest);
    const own = known(environment, sentKey(digest, message));
    const tally =
      own !== undefined && own.met + own.unmet >= MIN_TALLIED
        ? own
        : known(environment, takenKey(message.place));
    if (tally === undefined || tally.met < 1) return null;
    return wilson(tally.unmet, tally.met + tally.unmet).lower < RESTS ? tally : null;
  };
  const countUnmet = (digest: Digest, message: SentMessage, weight: 1 | -1): void => {
    const environment = environmentOf(digest);
    if (message.isCounted === weight > 0) return;
    message.isCounted = weight > 0;
    count(tallyOf(environment, takenKey(message.place)), false, weight);
    count(tallyOf(environment, sentKey(digest, message)), false, weight);
    changed.add(environment);
  };
  /** What was sent before that may have been sent to nobody. */
  const isTakenByAnybody = (digest: Digest, { place, sentMs }: SentMessage): boolean => {
    const tally = known(environmentOf(digest), takenKey(place));
    return tally !== undefined && tally.met > 0 && tally.sinceMs <= sentMs;
  };
  const countReceipt = (environment: string, step: DigestStep, weight: 1 | -1): void => {
    const { receipt } = step;
    if (receipt === undefined || receipt.isCounted === weight > 0) return;
    // Where work was never seen to follow, nothing has to be remembered.
    const key = receiptKey(receipt.place);
    const tally = receipt.isHandled ? tallyOf(environment, key) : known(environment, key);
    if (tally === undefined) return;
    receipt.isCounted = weight > 0;
    count(tally, receipt.isHandled, weight);
    if (receipt.isHandled && step.endMs !== null)
      tally.waits.add(step.endMs - step.startMs, step.isHeldUp, weight);
    changed.add(environment);
  };
  const isCut = (digest: Digest, { destination, sentMs }: SentMessage): boolean =>
    cuts.size > 0 &&
    (cuts.get(`${environmentOf(digest)}\0${destination}`) ?? []).some(
      (atMs) => sentMs <= atMs && sentMs > atMs - CUT_MS,
    );

  return {
    teach(digest, weight) {
      const environment = environmentOf(digest);
      const found: string[] = [];
      changed.add(environment);
      const byId = new Map(digest.steps.map((step) => [step.id, step]));
      for (const message of digest.messages) {
        if (isUntaken(message)) {
          // Where nobody is known to take anything, nobody is choosy: who comes later takes it, or it was lost.
          if (weight < 0 || isTakenByAnybody(digest, message)) countUnmet(digest, message, weight);
          continue;
        }
        const [first, ...others] = message.waits;
        if (first === undefined) continue;
        const wait = others.reduce((a, b) => (b.ms < a.ms ? b : a), first);
        const taker = byId.get(wait.stepId);
        const before = known(environment, takenKey(message.place));
        if (weight > 0 && (before?.met ?? 0) === 0) found.push(`${environment}\0${message.place}`);
        for (const key of [takenKey(message.place), sentKey(digest, message)]) {
          const tally = tallyOf(environment, key);
          count(tally, true, weight);
          if (tally === undefined) continue;
          tally.sinceMs = Math.min(tally.sinceMs, message.sentMs);
          if (tally.met >= SOLID && tally.solidMs === Infinity) tally.solidMs = message.sentMs;
          tally.waits.add(wait.ms, wait.isHeldUp, weight);
          if (taker === undefined) continue;
          tally.lag.add(Math.max(0, taker.receivedMs - taker.startMs), taker.isHeldUp, weight);
          tally.step = taker.name;
          tally.service = taker.service;
        }
      }
      for (const step of digest.steps) {
        countReceipt(environment, step, weight);
        if (step.kind !== 'command' || step.running || step.endMs === null) continue;
        const tally = tallyOf(environment, repliedKey(step));
        count(tally, step.replied, weight);
        if (tally && step.replied) tally.waits.add(step.endMs - step.startMs, step.isHeldUp, weight);
      }
      return found;
    },
    observe(digest) {
      const environment = environmentOf(digest);
      for (const step of digest.steps) {
        if (!step.receipt?.isHandled) continue;
        noteLatest(latestHandled, `${environment}\0${step.receipt.place}`, step.startMs);
        // That work follows at all is a fact, whatever becomes of this flow.
        const tally = tallyOf(environment, receiptKey(step.receipt.place));
        if (tally?.met === 0) count(tally, true, 1);
      }
      for (const { place, sentMs, waits } of digest.messages) {
        if (waits.length === 0) continue;
        const key = `${environment}\0${place}`;
        let taking = takings.get(key);
        if (taking === undefined) {
          if (takings.size >= MAX_PLACES) takings.delete(takings.keys().next().value!);
          takings.set(
            key,
            (taking = { latestSentMs: 0, taking: new Set(), latestOf: new Map(), countedMs: 0 }),
          );
        }
        const { taking: spans, latestOf } = taking;
        taking.latestSentMs = Math.max(taking.latestSentMs, sentMs);
        for (const { ms } of waits) spans.add(spanOf(sentMs + ms));
        while (spans.size > MAX_SPANS) spans.delete(spans.values().next().value!);
        const span = spanOf(sentMs);
        latestOf.set(span, Math.max(latestOf.get(span) ?? 0, sentMs));
        if (latestOf.size > MAX_SPANS) latestOf.delete(latestOf.keys().next().value!);
      }
    },
    countUntaken(digest) {
      for (const step of digest.steps) {
        if (!isUnhandled(step)) continue;
        const { place } = step.receipt!;
        const met = known(environmentOf(digest), receiptKey(place))?.met ?? 0;
        if (
          met > 0 &&
          met < SOLID &&
          (latestHandled.get(`${environmentOf(digest)}\0${place}`) ?? 0) > step.startMs
        )
          countReceipt(environmentOf(digest), step, 1);
      }
      for (const message of digest.messages) {
        if (!isUntaken(message) || !isTakenByAnybody(digest, message)) continue;
        // By when it was sent: that it rests untaken shows only much later.
        if (known(environmentOf(digest), takenKey(message.place))!.solidMs < message.sentMs) continue;
        const taking = takings.get(`${environmentOf(digest)}\0${message.place}`);
        if (taking === undefined || taking.latestSentMs <= message.sentMs) continue;
        // Those that were sent in one silence count once: whoever was away took none of them, choosy or not.
        if (!wasAtWork(taking, message.sentMs)) continue;
        taking.countedMs = Math.max(taking.countedMs, message.sentMs);
        countUnmet(digest, message, 1);
      }
    },
    takeBackUntaken(digest) {
      for (const message of digest.messages) if (message.isCounted) countUnmet(digest, message, -1);
      for (const step of digest.steps)
        if (step.receipt?.isCounted) countReceipt(environmentOf(digest), step, -1);
    },
    owedBy(digest, model, found, floorMs) {
      if (digest.aborted || digest.declaredComplete) return [];
      const environment = environmentOf(digest);
      const owed: WaitingFor[] = [];
      const byId = new Map(digest.steps.map((step) => [step.id, step]));
      for (const message of digest.messages) {
        if (owed.length >= MAX_WAITING) break;
        const tally = isUntaken(message) ? tallyFor(digest, message) : null;
        const step = byId.get(message.stepId);
        if (tally === null || step === undefined || isCut(digest, message)) continue;
        const place = known(environment, takenKey(message.place));
        const missing = untaken(message, step, tally, model, floorMs, place ?? tally);
        const own = known(environment, sentKey(digest, message));
        const isAlwaysTaken = own !== undefined && own.unmet === 0 && own.met >= ALWAYS;
        if (isAlwaysTaken || !cameOtherwise(missing, message, step, digest)) owed.push(missing);
      }
      for (const step of digest.steps) {
        if (owed.length >= MAX_WAITING) break;
        if (found.some((one) => one.afterStepId === step.id)) continue;
        if (step.running && isUnhandled(step)) {
          const tally = known(environment, receiptKey(step.receipt!.place));
          if (tally !== undefined && workFollows(tally)) owed.push(workOf(step, tally, floorMs));
        } else if (step.running) owed.push(endOf(step, floorMs));
        if (step.running || step.kind !== 'command' || step.replied || step.failed) continue;
        // Once it is known what such a step does, that speaks of its reply as well.
        if ((model.steps.get(step.key)?.sets.total ?? 0) >= MIN_SAMPLES) continue;
        const tally = known(environment, repliedKey(step));
        if (tally === undefined || tally.met + tally.unmet < MIN_TALLIED) continue;
        if (wilson(tally.met, tally.met + tally.unmet).lower < NORMAL) continue;
        owed.push(
          waitingFor({
            ...timesOf(step, tally, step.startMs, floorMs),
            id: `${step.id}>reply`,
            step: `reply of ${step.name}`,
            service: step.service,
            absence: 'missing-reply',
          }),
        );
      }
      return owed;
    },
    hasLeftOver: (digest) => digest.messages.some((one) => isUntaken(one) && tallyFor(digest, one) !== null),
    waitsForNobody: (digest) =>
      digest.messages.filter((message) => isUntaken(message) && !isTakenByAnybody(digest, message)),
    workFollows: (environment, place) => workFollows(known(environment, receiptKey(place))),
    observeCut(environment, destination, atMs) {
      const key = `${environment}\0${destination}`;
      if (!cuts.has(key) && cuts.size >= MAX_PLACES) cuts.delete(cuts.keys().next().value!);
      cuts.set(key, [...(cuts.get(key) ?? []).slice(1 - MAX_CUTS), atMs]);
    },
    mayBeTaken: (digest) =>
      cuts.size > 0 && digest.messages.some((message) => isUntaken(message) && isCut(digest, message)),
    takeChanged() {
      const list = [...changed].map((environment) => ({
        environment,
        json: JSON.stringify(Object.fromEntries(byEnvironment.get(environment) ?? [])),
      }));
      changed.clear();
      return list;
    },
    load(environment, json) {
      const stored = JSON.parse(json) as {
        [key: string]: Omit<Tally, 'waits' | 'lag' | 'sinceMs' | 'solidMs'> & {
          waits: StoredWaits;
          /** Missing in what was stored before they existed. */
          lag?: StoredWaits;
          sinceMs?: number | null;
          solidMs?: number | null;
        };
      };
      byEnvironment.set(
        environment,
        new Map(
          Object.entries(stored).map(([key, tally]) => [
            key,
            {
              ...tally,
              waits: createWaits(tally.waits),
              lag: createWaits(tally.lag),
              sinceMs: tally.sinceMs ?? 0,
              solidMs: tally.solidMs ?? (tally.met >= SOLID ? 0 : Infinity),
            },
          ]),
        ),
      );
    },
  };
}

/** The latest instants of so many names are remembered. */
function noteLatest(latest: Map<string, number>, key: string, atMs: number): void {
  const known = latest.get(key);
  if (known !== undefined && known >= atMs) return;
  if (known === undefined && latest.size >= MAX_PLACES) latest.delete(latest.keys().next().value!);
  latest.set(key, atMs);
}

/** Where branches join, whichever ended last leads on: what the others sent for it rests untaken. */
const cameOtherwise = (
  { step, service }: WaitingFor,
  { sentMs }: SentMessage,
  sender: DigestStep,
  { steps }: Digest,
): boolean =>
  steps.some(
    (one) => one.name === step && one.service === service && one.startMs >= sentMs && one.from !== sender.as,
  );

/** Who takes such a message is known by its kind, or only who took one last at this place. */
function untaken(
  message: SentMessage,
  step: DigestStep,
  tally: Tally,
  model: TypeModel,
  floorMs: number,
  place: Tally,
): WaitingFor {
  const takers = model.messages.get(message.key)?.takers;
  const owed = takers?.owedAfter([]) ?? null;
  const likeliest = owed === null ? takers?.mostFrequent() : (owed.certain[0] ?? owed.oneOf[0])?.key;
  const about = likeliest == null ? undefined : model.about.get(likeliest);
  const choices = owed?.certain.length === 0 ? owed.oneOf : [];
  return waitingFor({
    ...timesOf(step, tally, message.sentMs, floorMs, place),
    id: `${message.waitingHopId}>consumed`,
    hopId: message.waitingHopId,
    step: about?.name ?? tally.step,
    service: about?.service ?? tally.service,
    message: message.destination,
    oneOf: choices.length > 1 ? choices.slice(0, 10).map(({ key }) => model.about.get(key)?.name ?? key) : [],
    absence: 'undelivered-message',
  });
}

function timesOf(step: DigestStep, tally: Tally, sentMs: number, floorMs: number, place: Tally = tally) {
  const { met, unmet, waits, lag } = tally;
  const since = owedSince(step, sentMs);
  const samples = met + unmet;
  const lagMs = lag.late();
  // Of one kind few may be known where the place is known well.
  const isUnsure = Math.max(samples, place.met + place.unmet) < MIN_SAMPLES;
  return {
    afterStepId: step.id,
    expectedAt: since + waits.median(),
    since,
    lateAt: since + Math.max(floorMs, waits.late()) + lagMs,
    stuckAt: since + Math.max(floorMs, waits.stuck(), isUnsure ? UNSURE_MS : 0) + lagMs,
    basis: isUnsure ? ('structural' as const) : ('learned' as const),
    probability: met / samples,
    samples: Math.round(samples),
    provisional: isUnsure,
  };
}

const endOf = (step: DigestStep, floorMs: number): WaitingFor =>
  waitingFor({
    id: `${step.id}>end`,
    afterStepId: step.id,
    step: step.name,
    service: step.service,
    since: step.aliveMs + step.behindMs,
    stuckAt: step.aliveMs + step.behindMs + Math.max(floorMs, NO_SIGN_MS),
    basis: 'structural',
    absence: 'lost-step',
    provisional: true,
  });

/** Its taker has it: the span that says so ended, and the one of the work is still to come. */
const workOf = (step: DigestStep, tally: Tally, floorMs: number): WaitingFor =>
  waitingFor({
    ...timesOf(step, tally, step.startMs, floorMs),
    id: `${step.id}>end`,
    step: step.name,
    service: step.service,
    message: step.via || null,
    absence: 'lost-step',
  });
