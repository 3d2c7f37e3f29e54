import type { WaitingFor } from '../../model/expectation.ts';
import type { Rule, Said } from '../rule.ts';

/**
 * Symptom: something that should have happened by now did not. Who cares: whoever waits for the outcome of the flow.
 * False alarms: a legal ending that looks like the beginning of a longer way; only a declared end tells them apart.
 *
 * One stall is one finding: of several follow-ups that one step owes, the likeliest stands for all; what the flow owes
 * as a whole is asked only where no step owes anything (`expect/expectations.ts`).
 */
const absence = (name: WaitingFor['absence'], say: (waiting: WaitingFor, after: string) => string): Rule => ({
  name,
  severity: 'critical',
  inspect(flow, waitingFor, nowMs) {
    const said: Said[] = [];
    for (const waiting of frontier(waitingFor, nowMs)) {
      if (waiting.absence !== name) continue;
      const after = flow.steps.find((step) => step.id === waiting.afterStepId);
      said.push({
        about: `${waiting.id}`,
        stepId: waiting.afterStepId,
        step: waiting.step,
        service: waiting.service,
        place: waiting.message,
        since: waiting.stuckAt,
        summary: say(waiting, after ? `${after.name} (${after.service})` : 'all that came before'),
        evidence: [waiting.afterStepId, waiting.hopId].filter((id) => id !== null),
      });
    }
    return said;
  },
});

/** Overdue, the likeliest of each step; of several steps each, for branches stall by themselves. */
function frontier(waitingFor: readonly WaitingFor[], nowMs: number): WaitingFor[] {
  const byStep = new Map<string, WaitingFor>();
  for (const waiting of waitingFor) {
    if (nowMs < waiting.stuckAt) continue;
    const key = waiting.afterStepId ?? '';
    const known = byStep.get(key);
    if (known === undefined || rank(waiting) < rank(known)) byStep.set(key, waiting);
  }
  return [...byStep.values()];
}
const PRECEDENCE: WaitingFor['absence'][] = [
  'undelivered-message',
  'lost-step',
  'missing-reply',
  'missing-step',
];
const rank = (waiting: WaitingFor): number => PRECEDENCE.indexOf(waiting.absence) + (1 - waiting.probability);

const oneOf = ({ step, oneOf: choices }: WaitingFor): string =>
  choices.length > 1 ? `one of ${choices.join(', ')}` : step;

export const undeliveredMessage = absence(
  'undelivered-message',
  (waiting, after) =>
    `${after} sent to ${waiting.message}, and nobody consumed it: ${oneOf(waiting)} is missing`,
);
export const lostStep = absence(
  'lost-step',
  (waiting) => `${waiting.step} (${waiting.service}) started and never ended`,
);
export const missingReply = absence(
  'missing-reply',
  (waiting, after) => `no reply after ${after}: ${oneOf(waiting)} is missing`,
);
export const missingStep = absence(
  'missing-step',
  (waiting, after) =>
    `after ${after} comes ${oneOf(waiting)} in ${Math.round(waiting.probability * 1000) / 10} % of flows, and it did not`,
);

export function isAbsence(rule: string): boolean {
  return (PRECEDENCE as string[]).includes(rule);
}

/** When absence may be said the next time, ms; null: all of it is said, or nothing is awaited. */
export function nextLook(waitingFor: readonly WaitingFor[], nowMs: number): number | null {
  let next: number | null = null;
  for (const { lateAt, stuckAt } of waitingFor)
    for (const at of [lateAt, stuckAt]) if (at > nowMs && (next === null || at < next)) next = at;
  return next;
}
