import { pushAll } from '../../base/lists.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import { scopedKey } from '../keys.ts';
import {
  environmentOf,
  type Digest,
  type DigestStep,
  type SentMessage,
} from '../learned/digest.ts';
import type { TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES, wilson } from '../learned/outcome-sets.ts';
import { MAX_WAITING } from '../waiting-for.ts';
import { createCutBatches } from './cut-batches.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { cameOtherwise, expectEnd, expectReply, expectTaker, expectWork } from './owed.ts';
import { isUnhandled, receiptKey } from './receipts.ts';
import { createTakings } from './takings.ts';
import {
  addSystem,
  count,
  createTallies,
  isOfSystem,
  isSelective,
  isSolid,
  type Tallies,
  type Tally,
} from './tallies.ts';
import type { PlaceInTime } from './unclaimed.ts';

/**
 * Expects what messaging itself requires. A message to a destination where other messages were
 * consumed is expected to be consumed, a command that is usually replied to is expected to get a
 * reply, and a started step is expected to end or to show signs of life. Each expectation holds
 * until history contradicts it. History is counted for each kind of message; while little is known
 * about the kind, the history of the destination in the environment is used.
 */
export interface Structural {
  /**
   * Learns from a flow that waits for nothing (`weight` 1), or retracts what was learned from it
   * (-1). Returns the destinations whose consumer was unknown, little known or known from a later
   * time on, as flows arrive in any order.
   */
  teach(digest: Digest, weight: 1 | -1): PlaceInTime[];
  /**
   * Observes which messages of a flow were taken, and which deliveries were followed by work. Flows
   * that wait for something are observed as well. Returns the places of deliveries at which work is
   * known now from an earlier time on than before.
   */
  observe(digest: Digest): PlaceInTime[];
  /**
   * Counts a message that still waits although messages sent later were taken, which shows that the
   * consumer does not want this message. This is done only while little is known about the
   * destination. Once more is known, such a message counts as lost, because otherwise a lost
   * message would silence its own alarm.
   */
  countUntaken(digest: Digest): void;
  /** Retracts what `countUntaken` counted for this flow. */
  retractUntaken(digest: Digest): void;
  /**
   * Returns what the flow is expected to do. `found` is what is already expected of the flow's
   * steps, so that nothing is reported twice.
   */
  expected(
    digest: Digest,
    model: TypeModel,
    found: readonly WaitingFor[],
    floorMs: number,
  ): WaitingFor[];
  /**
   * Returns whether a message of the flow waits at a destination whose messages are usually taken.
   */
  hasLeftOver(digest: Digest): boolean;
  /** Returns whether a message of the flow waits at a destination without a known consumer. */
  waitsForNobody(digest: Digest): boolean;
  /**
   * Returns the places where a message of the flow waits for a consumer of which nothing is known,
   * or a delivery for work. If `observe` returns such a place later, the flow has another verdict.
   */
  unclaimedIn(digest: Digest): PlaceInTime[];
  /**
   * Returns whether work is expected after a delivery that began at this time, in ms since 1970, at
   * this place (service, destination and consumer group).
   */
  workFollows(environment: string, place: string, startMs: number): boolean;
  /**
   * Records that a batch was taken from the destination at `atMs`, and that its links do not name
   * all its messages.
   */
  observeCut(environment: string, destination: string, atMs: number): void;
  /**
   * Returns whether a batch may have taken one of the flow's waiting messages without naming the
   * message.
   */
  mayBeTaken(digest: Digest): boolean;
  takeChanged(): { environment: string; json: string }[];
  load(environment: string, json: string): void;
}

const MIN_TALLIED = 20;
/** Below this many taken messages, little is known about the consumer of a destination. */
const LITTLE = 5;
/**
 * If at least this many messages of a kind were taken and none was left untaken, every message of
 * this kind is expected to be taken. Before that, a message is not expected to be taken if another
 * branch led to the consumer.
 */
const ALWAYS = 200;
const NORMAL = 0.8;
const takenKey = (place: string): string => `consumed ${place}`;
const sentKey = ({ type }: Digest, { key }: SentMessage): string => `sent ${scopedKey(type, key)}`;
const repliedKey = (step: DigestStep): string => `replied ${step.as}`;
const isUntaken = ({ takers, waitingHopId }: SentMessage): boolean =>
  takers.length === 0 && waitingHopId !== null;

export function createStructural(): Structural {
  const tallies = createTallies();
  const takings = createTakings();
  const deliveries = createDeliveries(tallies);
  const cuts = createCutBatches();

  /** Returns the expected consumer of a waiting message; null if no consumer is expected. */
  const expectedTaker = (
    digest: Digest,
    message: SentMessage,
    step: DigestStep,
    model: TypeModel,
    floorMs: number,
  ): WaitingFor | null => {
    const tally = tallyFor(tallies, digest, message);
    if (tally === null || cuts.mayHold(digest, message)) return null;
    const environment = environmentOf(digest);
    const place = tallies.get(environment, takenKey(message.place));
    const missing = expectTaker(message, step, tally, model, floorMs, place ?? tally);
    const own = tallies.get(environment, sentKey(digest, message));
    const isAlwaysTaken = own !== undefined && own.unmet === 0 && own.met >= ALWAYS;
    return isAlwaysTaken || !cameOtherwise(missing, message, step, digest) ? missing : null;
  };
  const expectedReply = (
    environment: string,
    step: DigestStep,
    floorMs: number,
  ): WaitingFor | null => {
    const tally = tallies.get(environment, repliedKey(step));
    if (tally === undefined || tally.met + tally.unmet < MIN_TALLIED) return null;
    return wilson(tally.met, tally.met + tally.unmet).lower < NORMAL
      ? null
      : expectReply(step, tally, floorMs);
  };

  return {
    teach(digest, weight) {
      const environment = environmentOf(digest);
      tallies.markChanged(environment);
      const found = teachMessages(tallies, digest, weight);
      for (const step of digest.steps) {
        deliveries.count(environment, step, weight);
        teachReply(tallies, environment, step, weight);
      }
      return found;
    },
    observe(digest) {
      const environment = environmentOf(digest);
      for (const message of digest.messages)
        if (message.waits.length > 0) takings.observe(environment, message);
      const found: PlaceInTime[] = [];
      for (const step of digest.steps)
        if (step.receipt?.isHandled) pushAll(found, deliveries.observe(environment, step));
      return found;
    },
    countUntaken(digest) {
      const environment = environmentOf(digest);
      for (const step of digest.steps) deliveries.countOvertaken(environment, step);
      for (const message of digest.messages) {
        if (!isUntaken(message) || !isTakenByAnybody(tallies, digest, message)) continue;
        // The send time of the message is compared, because a message is recognized as untaken only
        // much later.
        if (tallies.get(environment, takenKey(message.place))!.solidMs < message.sentMs) continue;
        if (takings.countOvertaken(environment, message)) countUnmet(tallies, digest, message, 1);
      }
    },
    retractUntaken(digest) {
      for (const message of digest.messages)
        if (message.isCounted) countUnmet(tallies, digest, message, -1);
      for (const step of digest.steps)
        if (step.receipt?.isCounted) deliveries.count(environmentOf(digest), step, -1);
    },
    expected(digest, model, found, floorMs) {
      if (digest.aborted) return [];
      const environment = environmentOf(digest);
      const owed: WaitingFor[] = [];
      const byId = new Map(digest.steps.map((step) => [step.id, step]));
      for (const message of digest.messages) {
        if (owed.length >= MAX_WAITING) break;
        const step = isUntaken(message) ? byId.get(message.stepId) : undefined;
        const missing =
          step === undefined ? null : expectedTaker(digest, message, step, model, floorMs);
        if (missing !== null) owed.push(missing);
      }
      // Who declares the end of a flow knows of its steps, but not of whoever listens to it.
      if (digest.declaredComplete) return owed;
      for (const step of digest.steps) {
        if (owed.length >= MAX_WAITING) break;
        if (found.some((one) => one.afterStepId === step.id)) continue;
        if (step.running && isUnhandled(step)) {
          const tally = deliveries.tallyFor(environment, step);
          if (tally !== null) owed.push(expectWork(step, tally, floorMs));
        } else if (step.running) owed.push(expectEnd(step, floorMs));
        if (step.running || step.kind !== 'command' || step.replied || step.failed) continue;
        // Enough steps of this type were learned from, so what is learned tells if a reply follows.
        if ((model.steps.get(step.key)?.sets.total ?? 0) >= MIN_SAMPLES) continue;
        const reply = expectedReply(environment, step, floorMs);
        if (reply !== null) owed.push(reply);
      }
      return owed;
    },
    hasLeftOver: (digest) =>
      digest.messages.some((one) => isUntaken(one) && tallyFor(tallies, digest, one) !== null),
    waitsForNobody: (digest) =>
      digest.messages.some((one) => isUntaken(one) && !isTakenByAnybody(tallies, digest, one)),
    unclaimedIn: (digest) => unclaimedIn(tallies, deliveries, digest),
    workFollows: (...of) => deliveries.workFollows(...of),
    observeCut: (environment, destination, atMs) => cuts.observe(environment, destination, atMs),
    mayBeTaken: (digest) =>
      digest.messages.some((one) => isUntaken(one) && cuts.mayHold(digest, one)),
    takeChanged: () => tallies.takeChanged(),
    load: (environment, json) => tallies.load(environment, json),
  };
}

function unclaimedIn(tallies: Tallies, deliveries: Deliveries, digest: Digest): PlaceInTime[] {
  const environment = environmentOf(digest);
  const found: PlaceInTime[] = [];
  for (const one of digest.messages)
    if (isUntaken(one) && !isTakenByAnybody(tallies, digest, one))
      found.push({ place: scopedKey(environment, takenKey(one.place)), atMs: one.sentMs });
  for (const step of digest.steps) {
    if (!isUnhandled(step)) continue;
    const { place } = step.receipt!;
    if (!deliveries.workFollows(environment, place, step.startMs))
      found.push({ place: scopedKey(environment, receiptKey(place)), atMs: step.startMs });
  }
  return found;
}

/**
 * Returns whether the message was sent after the first message to the same place that had a
 * consumer. A message sent earlier may have no consumer, and so may one to a destination of the
 * same name in another messaging system.
 */
function isTakenByAnybody(
  tallies: Tallies,
  digest: Digest,
  { place, system, sentMs }: SentMessage,
): boolean {
  const tally = tallies.get(environmentOf(digest), takenKey(place));
  return (
    tally !== undefined && tally.met > 0 && tally.sinceMs <= sentMs && isOfSystem(tally, system)
  );
}

/**
 * Returns the tally of the message's kind if it has enough samples, else that of the message's
 * destination; null if no consumer is expected.
 */
function tallyFor(tallies: Tallies, digest: Digest, message: SentMessage): Tally | null {
  if (!isTakenByAnybody(tallies, digest, message)) return null;
  const environment = environmentOf(digest);
  const own = tallies.get(environment, sentKey(digest, message));
  const tally =
    own !== undefined && own.met + own.unmet >= MIN_TALLIED
      ? own
      : tallies.get(environment, takenKey(message.place));
  if (tally === undefined || tally.met < 1) return null;
  return isSelective(tally) ? null : tally;
}

/**
 * Counts a message as untaken (`weight` 1), or subtracts it (-1). A message is never counted twice.
 */
function countUnmet(tallies: Tallies, digest: Digest, message: SentMessage, weight: 1 | -1): void {
  const environment = environmentOf(digest);
  if (message.isCounted === weight > 0) return;
  message.isCounted = weight > 0;
  count(tallies.getOrCreate(environment, takenKey(message.place)), false, weight);
  count(tallies.getOrCreate(environment, sentKey(digest, message)), false, weight);
  tallies.markChanged(environment);
}

/**
 * Counts the messages of a flow. Returns the destinations whose consumer was unknown, little known
 * or known from a later time on.
 */
function teachMessages(tallies: Tallies, digest: Digest, weight: 1 | -1): PlaceInTime[] {
  const environment = environmentOf(digest);
  const found: PlaceInTime[] = [];
  // A message counts as untaken only by what other flows show. A flow that alone shows that there
  // is a consumer would otherwise teach that this leaves messages (`arrival-order.test.ts`).
  const untaken = digest.messages.filter(
    (one) => isUntaken(one) && (weight < 0 || isTakenByAnybody(tallies, digest, one)),
  );
  for (const message of untaken) countUnmet(tallies, digest, message, weight);
  const byId = new Map(digest.steps.map((step) => [step.id, step]));
  for (const message of digest.messages) {
    if (isUntaken(message)) continue;
    const [first, ...others] = message.waits;
    if (first === undefined) continue;
    const wait = others.reduce((a, b) => (b.ms < a.ms ? b : a), first);
    const taker = byId.get(wait.stepId);
    const before = tallies.get(environment, takenKey(message.place));
    const sinceMs = Math.min(message.sentMs, before?.sinceMs ?? Infinity);
    const isNews =
      (before?.met ?? 0) < LITTLE ||
      sinceMs < before!.sinceMs ||
      !isOfSystem(before!, message.system);
    if (weight > 0 && isNews)
      found.push({ place: scopedKey(environment, takenKey(message.place)), atMs: sinceMs });
    for (const key of [takenKey(message.place), sentKey(digest, message)]) {
      const tally = tallies.getOrCreate(environment, key);
      if (tally === undefined) continue;
      count(tally, true, weight);
      tally.sinceMs = Math.min(tally.sinceMs, message.sentMs);
      addSystem(tally, message.system);
      if (isSolid(tally) && tally.solidMs === Infinity) tally.solidMs = message.sentMs;
      tally.waits.add(wait.ms, wait.isHeldUp, weight);
      if (taker === undefined) continue;
      tally.lag.add(taker.lagMs, taker.isHeldUp, weight);
      tally.step = taker.name;
      tally.service = taker.service;
    }
  }
  return found;
}

/** Counts a command whose step ended, and whether the command got a reply. */
function teachReply(tallies: Tallies, environment: string, step: DigestStep, weight: 1 | -1): void {
  if (step.kind !== 'command' || step.running || step.endMs === null) return;
  const tally = tallies.getOrCreate(environment, repliedKey(step));
  count(tally, step.replied, weight);
  if (tally && step.replied) tally.waits.add(step.endMs - step.startMs, step.isHeldUp, weight);
}
