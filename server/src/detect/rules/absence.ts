import { ABSENCES, type WaitingFor } from '../../model/expectation.ts';
import type { Rule, FindingDraft } from '../rule.ts';

/**
 * Makes the rule for one kind of absence.
 *
 * Symptom: something that should have happened by now did not. Who cares: the team that waits for
 * the outcome of the flow. False alarms: a legal ending that looks like the beginning of a longer
 * path, because only a declared end tells the two apart.
 *
 * One stall is one finding: if several follow-ups of one step are overdue, only the likeliest is
 * reported, and follow-ups of the flow as a whole are judged only if no follow-up of a step is
 * overdue (`expect/learned/owed.ts`).
 */
const absence = (
  name: WaitingFor['absence'],
  say: (waiting: WaitingFor, after: string) => string,
  /**
   * Fields that are the same in all findings of this rule, so that these fields do not tell one
   * incident from another.
   */
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
 * Returns the overdue expectations, only the likeliest one of each step. Every step counts by
 * itself, because branches of a flow stall independently.
 */
function frontier(waitingFor: readonly WaitingFor[], nowMs: number): WaitingFor[] {
  const byStep = new Map<string, WaitingFor>();
  for (const waiting of waitingFor) {
    if (nowMs < waiting.stuckAt) continue;
    const key = waiting.afterStepId ?? '';
    const known = byStep.get(key);
    if (known === undefined || rank(waiting) < rank(known)) byStep.set(key, waiting);
  }
  // If a follow-up of a step is missing, the whole flow is overdue as a consequence, so only the
  // missing follow-up is reported.
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
  // A silent orchestrator is one incident, whatever step it would have done next, in any flow type.
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
 * Returns the next instant, epoch ms, at which an awaited step becomes late or stuck; null if no
 * such instant is to come.
 */
export function nextLook(waitingFor: readonly WaitingFor[], nowMs: number): number | null {
  let next: number | null = null;
  for (const { lateAt, stuckAt } of waitingFor)
    for (const at of [lateAt, stuckAt]) if (at > nowMs && (next === null || at < next)) next = at;
  return next;
}
