import { append } from '../base/lists.ts';
import type { Step } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { shifted, type UnixNanos } from '../model/time.ts';
import { hasDeadName } from './deliveries.ts';
import { isElsewhere, isSameDestination } from '../model/destinations.ts';
import type { Draft } from './draft.ts';
import { isBatch, isConsumer } from '../model/roles.ts';

/**
 * Finds dead letters. Brokers move a failed message elsewhere with the headers of its first
 * sending, so the consumer that takes it there names the original send. Pure.
 */

export interface GivenUp {
  /** The step that could not process the message. */
  from: Step;
  /** The destination from which it was taken then. */
  destination: string;
  /** End of its last failed attempt. */
  at: UnixNanos;
}

interface Failure {
  draft: Draft;
  step: Step;
}
/**
 * Failures remembered for one send; what many subscribers could not process is identified by the
 * first of them.
 */
const MAX_FAILURES = 64;

/**
 * Returns a function that tells which step gave up a delivered message before; null if the delivery
 * is that of another subscriber.
 */
export function deadLettersIn(
  drafts: readonly Draft[],
  stepOf: ReadonlyMap<string, Step>,
): (draft: Draft, send: Span) => GivenUp | null {
  const failures = new Map<Span, Failure[]>();
  for (const draft of drafts) {
    if (draft.head !== draft.segment.head || !isConsumer(draft.head.role)) continue;
    const step = stepOf.get(draft.head.key)!;
    if (!step.attempts.some(({ status }) => status === 'failed')) continue;
    for (const { span } of draft.segment.causes)
      if (span !== null && !isBatch(span) && (failures.get(span)?.length ?? 0) < MAX_FAILURES)
        append(failures, span, { draft, step });
  }
  return (draft, send) => {
    const start = shifted(draft.head.start, draft.shift);
    let last: GivenUp | null = null;
    for (const { draft: failed, step } of failures.get(send) ?? []) {
      if (step === stepOf.get(draft.head.key) || !isDeadLetterOf(draft.head, failed.head, send))
        continue;
      // A message was not given up if an attempt before this delivery succeeded.
      const tried = step.attempts.filter(({ end }) => end !== null && end <= start).at(-1);
      if (tried?.status !== 'failed' || (last !== null && last.at >= tried.end!)) continue;
      last = { from: step, destination: failed.head.message!.destination, at: tried.end! };
    }
    return last;
  };
}

/**
 * A different destination alone may be another subscriber that consumes late. A dead letter's
 * destination has a name that says so, or it differs from where the message was sent and where the
 * failed consumer took it.
 */
const isDeadLetterOf = (taker: Span, failed: Span, send: Span): boolean =>
  isElsewhere(taker, failed) &&
  (taker.message!.deadLettered ||
    hasDeadName(taker.message!.destination) ||
    (isSameDestination(failed, send) && isElsewhere(taker, send)));
