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
import { createDeliveries } from './deliveries.ts';
import { cameOtherwise, expectEnd, expectReply, expectTaker, expectWork } from './owed.ts';
import { isUnhandled } from './receipts.ts';
import { createTakings } from './takings.ts';
import { count, createTallies, SOLID, type Tallies, type Tally } from './tallies.ts';

/**
 * What messaging itself owes: a message to a place where others were taken owes a consumption, a
 * command that is usually replied to owes a reply, a started step owes an end or a sign of life. It
 * speaks until history contradicts it, message by message: counted for each kind of message, and
 * for each place of an environment as long as little is known of that.
 */
export interface Structural {
  /**
   * A flow that owes nothing teaches, or is retracted. Returns places that somebody takes from, as
   * of now.
   */
  teach(digest: Digest, weight: 1 | -1): string[];
  /** Whatever was taken, in flows that owe something as well. */
  observe(digest: Digest): void;
  /**
   * A message that still waits although others were taken that were sent later: its taker is there
   * and does not want it. Counted while little is known of its place; later it was lost, and a lost
   * message must not silence its own alarm.
   */
  countUntaken(digest: Digest): void;
  /** Retracts what `countUntaken` counted of this flow. */
  retractUntaken(digest: Digest): void;
  /** What the flow owes; `found`: what its steps are known to owe, which is said once. */
  expected(
    digest: Digest,
    model: TypeModel,
    found: readonly WaitingFor[],
    floorMs: number,
  ): WaitingFor[];
  /** A message rests untaken that is taken as a rule. */
  hasLeftOver(digest: Digest): boolean;
  /** Messages that wait at places where nobody was ever seen to take any. */
  waitsForNobody(digest: Digest): SentMessage[];
  /** Work follows a delivery that was announced there before its work, as far as is known. */
  workFollows(environment: string, place: string): boolean;
  /** A batch was taken whose links do not name all that was in it. */
  observeCut(environment: string, destination: string, atMs: number): void;
  /** Messages that a batch may have taken without naming them. */
  mayBeTaken(digest: Digest): boolean;
  takeChanged(): { environment: string; json: string }[];
  load(environment: string, json: string): void;
}

const MIN_TALLIED = 20;
/** From so many on of which none rested, what is sent for a join is taken by it, each by itself. */
const ALWAYS = 200;
const NORMAL = 0.8;
/**
 * Of the messages to a place: if more than this rest untaken, by the lower bound, its taker is
 * choosy.
 */
const RESTS = 0.05;

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

  /** Expects the taker of a message that waits; null: nobody has to take it. */
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
      for (const step of digest.steps) deliveries.observe(environment, step);
      for (const message of digest.messages)
        if (message.waits.length > 0) takings.observe(environment, message);
    },
    countUntaken(digest) {
      const environment = environmentOf(digest);
      for (const step of digest.steps) deliveries.countOvertaken(environment, step);
      for (const message of digest.messages) {
        if (!isUntaken(message) || !isTakenByAnybody(tallies, digest, message)) continue;
        // By when it was sent: that it rests untaken shows only much later.
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
      if (digest.aborted || digest.declaredComplete) return [];
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
      for (const step of digest.steps) {
        if (owed.length >= MAX_WAITING) break;
        if (found.some((one) => one.afterStepId === step.id)) continue;
        if (step.running && isUnhandled(step)) {
          const tally = deliveries.tallyFor(environment, step);
          if (tally !== null) owed.push(expectWork(step, tally, floorMs));
        } else if (step.running) owed.push(expectEnd(step, floorMs));
        if (step.running || step.kind !== 'command' || step.replied || step.failed) continue;
        // Once it is known what such a step does, that speaks of its reply as well.
        if ((model.steps.get(step.key)?.sets.total ?? 0) >= MIN_SAMPLES) continue;
        const reply = expectedReply(environment, step, floorMs);
        if (reply !== null) owed.push(reply);
      }
      return owed;
    },
    hasLeftOver: (digest) =>
      digest.messages.some((one) => isUntaken(one) && tallyFor(tallies, digest, one) !== null),
    waitsForNobody: (digest) =>
      digest.messages.filter((one) => isUntaken(one) && !isTakenByAnybody(tallies, digest, one)),
    workFollows: (environment, place) => deliveries.workFollows(environment, place),
    observeCut: (environment, destination, atMs) => cuts.observe(environment, destination, atMs),
    mayBeTaken: (digest) =>
      digest.messages.some((one) => isUntaken(one) && cuts.mayHold(digest, one)),
    takeChanged: () => tallies.takeChanged(),
    load: (environment, json) => tallies.load(environment, json),
  };
}

/** What was sent before somebody was there may have been sent to nobody. */
function isTakenByAnybody(
  tallies: Tallies,
  digest: Digest,
  { place, sentMs }: SentMessage,
): boolean {
  const tally = tallies.get(environmentOf(digest), takenKey(place));
  return tally !== undefined && tally.met > 0 && tally.sinceMs <= sentMs;
}

/**
 * By its own kind where enough of those are known, else by its place; null: nobody has to take it.
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
  return wilson(tally.unmet, tally.met + tally.unmet).lower < RESTS ? tally : null;
}

/** Counts a message that nobody took, once. */
function countUnmet(tallies: Tallies, digest: Digest, message: SentMessage, weight: 1 | -1): void {
  const environment = environmentOf(digest);
  if (message.isCounted === weight > 0) return;
  message.isCounted = weight > 0;
  count(tallies.getOrCreate(environment, takenKey(message.place)), false, weight);
  count(tallies.getOrCreate(environment, sentKey(digest, message)), false, weight);
  tallies.markChanged(environment);
}

/** Returns places that somebody takes from, as of now. */
function teachMessages(tallies: Tallies, digest: Digest, weight: 1 | -1): string[] {
  const environment = environmentOf(digest);
  const found: string[] = [];
  const byId = new Map(digest.steps.map((step) => [step.id, step]));
  for (const message of digest.messages) {
    if (isUntaken(message)) {
      // Where nobody is known to take anything, nobody is choosy: who comes later takes it.
      if (weight < 0 || isTakenByAnybody(tallies, digest, message))
        countUnmet(tallies, digest, message, weight);
      continue;
    }
    const [first, ...others] = message.waits;
    if (first === undefined) continue;
    const wait = others.reduce((a, b) => (b.ms < a.ms ? b : a), first);
    const taker = byId.get(wait.stepId);
    const before = tallies.get(environment, takenKey(message.place));
    if (weight > 0 && (before?.met ?? 0) === 0) found.push(scopedKey(environment, message.place));
    for (const key of [takenKey(message.place), sentKey(digest, message)]) {
      const tally = tallies.getOrCreate(environment, key);
      if (tally === undefined) continue;
      count(tally, true, weight);
      tally.sinceMs = Math.min(tally.sinceMs, message.sentMs);
      if (tally.met >= SOLID && tally.solidMs === Infinity) tally.solidMs = message.sentMs;
      tally.waits.add(wait.ms, wait.isHeldUp, weight);
      if (taker === undefined) continue;
      tally.lag.add(Math.max(0, taker.receivedMs - taker.startMs), taker.isHeldUp, weight);
      tally.step = taker.name;
      tally.service = taker.service;
    }
  }
  return found;
}

/** Counts a command that ended, and its reply. */
function teachReply(tallies: Tallies, environment: string, step: DigestStep, weight: 1 | -1): void {
  if (step.kind !== 'command' || step.running || step.endMs === null) return;
  const tally = tallies.getOrCreate(environment, repliedKey(step));
  count(tally, step.replied, weight);
  if (tally && step.replied) tally.waits.add(step.endMs - step.startMs, step.isHeldUp, weight);
}
