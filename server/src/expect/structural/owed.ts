import type { WaitingFor } from '../../model/expectation.ts';
import type { Digest, DigestStep, SentMessage } from '../learned/digest.ts';
import type { TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES } from '../learned/outcome-sets.ts';
import { expectedSince, expectedSinceSent, waitingFor } from '../waiting-for.ts';
import type { Tally } from './tallies.ts';

/** Shortest time, ms, after which something counts as stuck while there are few samples. */
const UNSURE_MS = 60_000;
/**
 * A running step whose usual duration is not known counts as lost this long, ms, after its last
 * sign of life.
 */
const NO_SIGN_MS = 600_000;

/**
 * Returns whether another branch led to the expected step. Where branches join, the branch that
 * ended last continues, and the messages that the other branches sent to the join are never taken.
 */
export const cameOtherwise = (
  { step, service }: WaitingFor,
  { sentMs }: SentMessage,
  sender: DigestStep,
  { steps }: Digest,
): boolean =>
  steps.some(
    (one) =>
      one.name === step &&
      one.service === service &&
      one.startMs >= sentMs &&
      one.from !== sender.as,
  );

/**
 * Returns the expectation that a message is taken. The consumer's name is taken from what is known
 * of this kind of message; if nothing is known, from the last consumer at the destination.
 */
export function expectTaker(
  message: SentMessage,
  step: DigestStep,
  tally: Tally,
  model: TypeModel,
  floorMs: number,
  place: Tally,
): WaitingFor {
  const takers = model.messages.get(message.key)?.takers;
  const owed = takers?.expectedAfter([]) ?? null;
  const likeliest =
    owed === null ? takers?.mostFrequent() : (owed.certain[0] ?? owed.oneOf[0])?.key;
  const about = likeliest == null ? undefined : model.about.get(likeliest);
  const choices = owed?.certain.length === 0 ? owed.oneOf : [];
  return waitingFor({
    ...timesOf(step, expectedSinceSent(step, message.sentMs), tally, floorMs, place),
    id: `${message.waitingHopId}>consumed`,
    hopId: message.waitingHopId,
    step: about?.name ?? tally.step,
    service: about?.service ?? tally.service,
    message: message.destination,
    oneOf:
      choices.length > 1
        ? choices.slice(0, 10).map(({ key }) => model.about.get(key)?.name ?? key)
        : [],
    absence: 'undelivered-message',
  });
}

/** Returns when the expectation of a tally is late and stuck, if it holds since `since`. */
function timesOf(
  step: DigestStep,
  since: number,
  tally: Tally,
  floorMs: number,
  place: Tally = tally,
) {
  const { met, unmet, waits, lag } = tally;
  const samples = met + unmet;
  const lagMs = lag.late();
  // If much is known about the destination, few messages of this kind are enough to be sure.
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

/** Returns the expectation that a running step ends, or shows a sign of life. */
export const expectEnd = (step: DigestStep, floorMs: number): WaitingFor =>
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

/**
 * Returns the expectation of the work after a delivery: the consumer has the message, and the span
 * of the delivery has ended, but the span of the work is still to come.
 */
export const expectWork = (step: DigestStep, tally: Tally, floorMs: number): WaitingFor =>
  waitingFor({
    ...timesOf(step, expectedSince(step, step.startMs), tally, floorMs),
    id: `${step.id}>end`,
    step: step.name,
    service: step.service,
    message: step.via || null,
    absence: 'lost-step',
  });

/** Returns the expectation that a command gets a reply, for commands that usually get one. */
export const expectReply = (step: DigestStep, tally: Tally, floorMs: number): WaitingFor =>
  waitingFor({
    ...timesOf(step, expectedSince(step, step.startMs), tally, floorMs),
    id: `${step.id}>reply`,
    step: `reply of ${step.name}`,
    service: step.service,
    absence: 'missing-reply',
  });
