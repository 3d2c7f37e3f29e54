import { ABSENCES, type WaitingFor } from '../../model/expectation.ts';
import type { Rule, FindingDraft } from '../rule.ts';

/**
 * Symptom: something that should have happened by now did not. Who cares: the team that waits for
 * the outcome of the flow. False alarms: a legal ending that looks like the beginning of a longer
 * path; only a declared end tells them apart.
 *
 * One stall is one finding: of several follow-ups expected of one step, the likeliest stands for
 * all; follow-ups of the flow as a whole are judged only if no step has any
 * (`expect/learned/owed.ts`).
 */
const absence = (
  name: WaitingFor['absence'],
  say: (waiting: WaitingFor, after: string) => string,
  /** Fields that do not tell incidents of this rule apart. */
  alike: Partial<Pick<FindingDraft, 'step' | 'place'>> = {},
): Rule => ({
  name,
  severity: 'critical',
  lasting: true,
  inspect(flow, waitingFor, nowMs) {
    const drafts: FindingDraft[] = [];
    for (const waiting of frontier(waitingFor, nowMs)) {
      if (waiting.absence !== name) continue;
      const after = flow.steps.find((step) => step.id === waiting.afterStepId);
      drafts.push({
        about: `${waiting.id}`,
        stepId: waiting.afterStepId,
        step: waiting.step,
        service: waiting.service,
        place: waiting.message,
        certain: waiting.oneOf.length <= 1,
        since: waiting.stuckAt,
        summary: say(waiting, after ? `${after.name} (${after.service})` : 'all that came before'),
        evidence: [waiting.afterStepId, waiting.hopId].filter((id) => id !== null),
        ...alike,
      });
    }
    return drafts;
  },
});

/**
 * Returns the overdue expectations: the likeliest of each step, as branches stall independently.
 */
function frontier(waitingFor: readonly WaitingFor[], nowMs: number): WaitingFor[] {
  const byStep = new Map<string, WaitingFor>();
  for (const waiting of waitingFor) {
    if (nowMs < waiting.stuckAt) continue;
    const key = waiting.afterStepId ?? '';
    const known = byStep.get(key);
    if (known === undefined || rank(waiting) < rank(known)) byStep.set(key, waiting);
  }
  // If a part is missing, it follows that the whole is late.
  const parts = [...byStep.values()].filter((waiting) => waiting.absence !== 'flow-overdue');
  return parts.length > 0 ? parts : [...byStep.values()];
}
const rank = (waiting: WaitingFor): number =>
  ABSENCES.indexOf(waiting.absence) + (1 - waiting.probability);

const oneOf = ({ step, oneOf: choices }: WaitingFor): string =>
  choices.length > 1 ? `one of ${choices.join(', ')}` : step;

export const undeliveredMessage = absence(
  'undelivered-message',
  (waiting, after) =>
    `${after} sent to ${waiting.message}, and nobody consumed it: ${oneOf(waiting)} is missing`,
);
export const lostStep = absence('lost-step', (waiting) =>
  waiting.message === null
    ? `${waiting.step} (${waiting.service}) started and never ended`
    : `${waiting.service} took ${waiting.message} and has not finished: ${waiting.step}`,
);
export const missingReply = absence(
  'missing-reply',
  (waiting, after) => `no reply after ${after}: ${oneOf(waiting)} is missing`,
);
export const missingStep = absence('missing-step', (waiting, after) =>
  waiting.basis === 'learned'
    ? `after ${after} comes ${oneOf(waiting)} in ${Math.round(waiting.probability * 1000) / 10} % of flows, and it did not`
    : `after ${after} comes ${oneOf(waiting)}, and it did not`,
);
export const consumerGone = absence(
  'consumer-gone',
  (waiting, after) =>
    `${waiting.message} from ${after} was consumed by others, and ${waiting.service ?? 'nobody'} does not take it any more: ${oneOf(waiting)} is missing`,
);
export const orchestratorSilent = absence(
  'orchestrator-silent',
  (waiting, after) =>
    `${waiting.service} conducts this flow, and does nothing since ${after}: ${oneOf(waiting)} is missing`,
  // Whatever it would have done next, in any flow type, it is one silence.
  { step: null, place: null },
);
export const flowOverdue = absence(
  'flow-overdue',
  () => 'the flow has not ended in its time, and no single step of it is missing',
);

export function isAbsence(rule: string): boolean {
  return (ABSENCES as readonly string[]).includes(rule);
}

/**
 * Returns when an absence may next be reported, ms; null if all are reported, or nothing is
 * awaited.
 */
export function nextLook(waitingFor: readonly WaitingFor[], nowMs: number): number | null {
  let next: number | null = null;
  for (const { lateAt, stuckAt } of waitingFor)
    for (const at of [lateAt, stuckAt]) if (at > nowMs && (next === null || at < next)) next = at;
  return next;
}
