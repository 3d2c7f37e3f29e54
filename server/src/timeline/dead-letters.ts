import { append } from '../base/lists.ts';
import type { Step } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { shifted, type UnixNanos } from '../model/time.ts';
import { hasDeadName, isElsewhere, isSameDestination } from '../model/destinations.ts';
import type { Draft } from './draft.ts';
import { isBatch, isConsumer } from '../model/roles.ts';

/**
 * Finds dead letters. A broker moves a failed message to another destination and keeps the headers
 * of its first sending, so the consumer that takes the message there names the original send. All
 * functions here are pure.
 */

export interface GivenUp {
  /** The step that failed to process the message. */
  from: Step;
  /** Destination from which the failed step took the message. */
  destination: string;
  /** End of the last failed attempt of that step. */
  at: UnixNanos;
}

interface Failure {
  draft: Draft;
  step: Step;
}
/**
 * Maximum number of failures kept for one send. If more subscribers failed, a dead letter is
 * compared only with the first of them.
 */
const MAX_FAILURES = 64;

/**
 * Returns a function that tells whether a delivery is of a dead letter. It returns the step that
 * failed to process the message before this delivery and gave it up. It returns null if there is no
 * such step, as for a delivery to another subscriber.
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
      // If the last attempt before this delivery succeeded, the step did not give the message up.
      const tried = step.attempts.filter(({ end }) => end !== null && end <= start).at(-1);
      if (tried?.status !== 'failed' || (last !== null && last.at >= tried.end!)) continue;
      last = { from: step, destination: failed.head.message!.destination, at: tried.end! };
    }
    return last;
  };
}

/**
 * Returns whether the message that `taker` took is a dead letter of the consumer `failed`. A
 * different destination alone proves nothing, as another subscriber may consume late. A message is
 * a dead letter if it is declared as one, if its destination is named like a dead-letter queue, or
 * if that destination differs both from where the message was sent and from where the failed
 * consumer took it.
 */
const isDeadLetterOf = (taker: Span, failed: Span, send: Span): boolean =>
  isElsewhere(taker, failed) &&
  (taker.message!.deadLettered ||
    hasDeadName(taker.message!.destination) ||
    (isSameDestination(failed, send) && isElsewhere(taker, send)));
