import type { WaitingFor } from '../../model/expectation.ts';
import type { Digest, DigestStep, SentMessage } from '../learned/digest.ts';
import type { TypeModel } from '../learned/model.ts';
import { MIN_SAMPLES } from '../learned/outcome-sets.ts';
import { expectedSince, waitingFor } from '../waiting-for.ts';
import type { Tally } from './tallies.ts';

/** Lower bound, ms, of the time after which anything is stuck while samples are few. */
const UNSURE_MS = 60_000;
/** Time after its last sign of life, ms, until a running step without a known duration is lost. */
const NO_SIGN_MS = 600_000;

/**
 * Returns whether another branch led to the expected step: where branches join, the one that ended
 * last continues, and what the others sent for the join is never taken.
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
 * Expects the consumer of a message. Its name is known by the message's kind, or else is that of
 * the last consumer at this destination.
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
    ...timesOf(step, tally, message.sentMs, floorMs, place),
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

/** Returns since when, and by when, a tally's expectation holds. */
function timesOf(
  step: DigestStep,
  tally: Tally,
  sentMs: number,
  floorMs: number,
  place: Tally = tally,
) {
  const { met, unmet, waits, lag } = tally;
  const since = expectedSince(step, sentMs);
  const samples = met + unmet;
  const lagMs = lag.late();
  // Few messages of this kind suffice if its destination is well known.
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

/** Expects a running step to end, or to show a sign of life. */
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
 * Expects the work of a delivery: the consumer has the message, the delivery's span ended, and the
 * span of the work is still to come.
 */
export const expectWork = (step: DigestStep, tally: Tally, floorMs: number): WaitingFor =>
  waitingFor({
    ...timesOf(step, tally, step.startMs, floorMs),
    id: `${step.id}>end`,
    step: step.name,
    service: step.service,
    message: step.via || null,
    absence: 'lost-step',
  });

/** Expects the reply of a command that is usually replied to. */
export const expectReply = (step: DigestStep, tally: Tally, floorMs: number): WaitingFor =>
  waitingFor({
    ...timesOf(step, tally, step.startMs, floorMs),
    id: `${step.id}>reply`,
    step: `reply of ${step.name}`,
    service: step.service,
    absence: 'missing-reply',
  });
