import { groupedBy, pushAll } from '../base/lists.ts';
import type { Attempt } from '../model/flow.ts';
import { order } from '../model/flow-input.ts';
import { spanIdOf, type Milestone, type Span, type SpanError } from '../model/span.ts';
import { later, shifted } from '../model/time.ts';
import { givenUpBy, sentAgainBy } from './deliveries.ts';
import type { Draft } from './draft.ts';

/** Turns the deliveries of one message to one step into the step's attempts. */

/**
 * Returns the attempts of a step, numbered from 1 on if the deliveries state no numbers. An attempt
 * that had not ended when the message was delivered again was lost, for example with its process.
 */
export function attemptsOf(group: readonly Draft[]): Attempt[] {
  const told = toldAttempts(group);
  if (!told.some(({ status }) => status === 'running')) return told;
  return told.map((attempt, i) => {
    const next = told[i + 1];
    return attempt.status !== 'running' || next === undefined
      ? attempt
      : { ...attempt, status: 'failed' as const, end: next.start, error: LOST };
  });
}
const LOST = { type: 'lost', message: 'it had not ended when the message was delivered again' };

function toldAttempts(group: readonly Draft[]): Attempt[] {
  return group.map((draft, i) => {
    const work = draft.spans.every(isWork) ? draft.spans : draft.spans.filter(isWork);
    const attempt =
      work.length === 0 || draft.head.milestone !== null
        ? attemptFromMilestones(
            draft,
            draft.spans.filter((span) => span.milestone !== null),
          )
        : attemptFromSpans(draft, work);
    attempt.number = Math.max(attempt.number, i + 1);
    if (attempt.status !== 'ok') return attempt;
    const again = givenUpBy(draft);
    const isRepeated = draft !== group.at(-1) && passesOn(draft);
    return again !== undefined || isRepeated
      ? { ...attempt, status: 'failed' as const, error: sentAgain(again) }
      : attempt;
  });
}

const isWork = ({ milestone }: Span): boolean => milestone === null;

/** Returns the error of an attempt that sent its message again and reports no error. */
const sentAgain = (send: Span | undefined): SpanError => ({
  type: 'returned',
  message: `the message was sent ${send?.message?.destination ? `to ${send.message.destination}` : 'again'}`,
});

/** Returns whether the delivery sent its message again. The next delivery is no duplicate then. */
const passesOn = (draft: Draft): boolean => sentAgainBy(draft).length > 0;
export const saysFailed = ({ failed, step }: Span): boolean =>
  failed || step?.result === 'failure' || step?.result === 'timeout';

function attemptFromSpans(draft: Draft, work: readonly Span[]): Attempt {
  const { head, shift } = draft;
  const isOwn = ({ service }: Span): boolean => service.name === head.service.name;
  const own = work.every(isOwn) ? work : work.filter(isOwn);
  const end = own.reduce((latest, span) => later(latest, span.end), own[0]!.end);
  const failure =
    failureOf(head, end > head.end ? own : []) ?? failedInBatch(draft, own) ?? givenBackIn(own);
  return {
    number: head.step?.attempt || 1,
    start: shifted(head.start, shift),
    end: shifted(end, shift),
    status: failure === null ? 'ok' : 'failed',
    spanId: spanIdOf(head.key),
    error: failure && (failure.error ?? { type: failure.step?.result || 'error', message: '' }),
  };
}

/**
 * Returns the span that reports the step's failure, or null. If a span ended after the work below
 * it, only that span decides, because an error below it that it does not report was handled. Some
 * agents end the delivery's span before the work begins; then spans of the same service that ended
 * later than the delivery's span decide.
 */
function failureOf(head: Span, own: readonly Span[]): Span | null {
  if (saysFailed(head)) return head;
  if (!own.some(saysFailed)) return null;
  const below = groupedBy(own, (span) => span.parent);
  const speaking = [head];
  for (const span of speaking) {
    if (saysFailed(span)) return span;
    pushAll(
      speaking,
      (below.get(span.key) ?? []).filter((child) => outlives(child, span)),
    );
  }
  return null;
}

/**
 * Returns the span that worked on this flow's message within a batch of several flows, if its last
 * try failed; null otherwise. The batch's own span cannot tell which of its messages failed.
 */
function failedInBatch({ segment }: Draft, own: readonly Span[]): Span | null {
  if (!segment.shared) return null;
  const taken = new Set(segment.causes.map(({ key }) => key));
  const last = own
    .filter((span) => span !== segment.head && span.links.some((link) => taken.has(link)))
    .reduce<Span | null>((a, b) => (a === null || b.end >= a.end ? b : a), null);
  return last !== null && saysFailed(last) ? last : null;
}

/** Returns the span that gave the message back to the broker, or had it set aside; null if none. */
const givenBackIn = (own: readonly Span[]): Span | null =>
  own.findLast(({ settled }) => settled !== undefined) ?? null;

/**
 * Returns whether the child ended after the span. JavaScript truncates starts, and with them ends,
 * to whole milliseconds, so a difference of less than 1 ms between two such spans does not count.
 */
function outlives(child: Span, span: Span): boolean {
  const isCut = span.start % MS === 0n && child.start % MS === 0n;
  const lasted = span.end - span.start;
  return child.end - span.end > (!isCut ? 0n : lasted < MS ? lasted : MS);
}
const MS = 1_000_000n;

/**
 * Milestones that end a step. Milestones of the flow are not among them, because they say nothing
 * about the step in which they are logged: a step that gives up a flow may itself succeed.
 */
export const ENDS_STEP: ReadonlySet<Milestone> = new Set<Milestone>([
  'step-completed',
  'step-failed',
  'compensation-completed',
  'compensation-failed',
]);

/**
 * Builds an attempt that is known only by log events, because its span has not ended or its process
 * died.
 */
function attemptFromMilestones(draft: Draft, milestones: Span[]): Attempt {
  const sorted = [...milestones].sort(order);
  const ended = sorted.findLast((span) => ENDS_STEP.has(span.milestone!));
  const first = sorted[0]!;
  const instant = !sorted.some(
    (span) => span.milestone === 'step-started' || span.milestone === 'compensation-started',
  );
  const end = ended ?? (instant ? sorted[sorted.length - 1]! : null);
  return {
    number: draft.head.step?.attempt || 1,
    start: shifted(first.start, draft.shift),
    end: end && shifted(end.end, draft.shift),
    status: end === null ? 'running' : ended?.failed ? 'failed' : 'ok',
    spanId: spanIdOf(draft.head.key),
    error: ended?.error ?? null,
  };
}
