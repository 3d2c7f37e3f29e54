import { append } from '../base/lists.ts';
import type { Step } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import { shifted, type UnixNanos } from '../model/time.ts';
import { hasDeadName } from './deliveries.ts';
import { isElsewhere, isSameDestination } from '../model/destinations.ts';
import type { Draft } from './draft.ts';
import { isBatch, isConsumer } from '../model/roles.ts';

/**
 * Brokers put what failed elsewhere with the headers of its first sending: whoever takes it there
 * took a dead letter. Pure.
 */

export interface GivenUp {
  /** Whoever could not process it. */
  from: Step;
  /** Where it lay then. */
  destination: string;
  /** When its last attempt failed. */
  at: UnixNanos;
}

interface Failure {
  draft: Draft;
  step: Step;
}
/** Of one send; what many subscribers could not process is known by the first of them. */
const MAX_FAILURES = 64;

/**
 * Of a delivery of what was sent: who gave it up before; null where it is one of several
 * subscribers.
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
      // What was tried in the meantime with success was not given up.
      const tried = step.attempts.filter(({ end }) => end !== null && end <= start).at(-1);
      if (tried?.status !== 'failed' || (last !== null && last.at >= tried.end!)) continue;
      last = { from: step, destination: failed.head.message!.destination, at: tried.end! };
    }
    return last;
  };
}

/**
 * Another destination alone is another subscriber, which may come late. A dead letter's has a name
 * that says so, or it is another than everybody else's, who took the message from where it was
 * sent.
 */
const isDeadLetterOf = (taker: Span, failed: Span, send: Span): boolean =>
  isElsewhere(taker, failed) &&
  (taker.message!.deadLettered ||
    hasDeadName(taker.message!.destination) ||
    (isSameDestination(failed, send) && isElsewhere(taker, send)));
