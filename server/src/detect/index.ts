import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { Flow, Health } from '../model/flow.ts';
import {
  isAbsence,
  lostStep,
  missingReply,
  missingStep,
  nextLook,
  undeliveredMessage,
} from './rules/absence.ts';
import {
  compensationFailed,
  compensationMissing,
  compensationOfUndoneStep,
  compensationOutOfOrder,
  compensationTwice,
  lateReplyAfterCompensation,
  type UndoDuties,
} from './rules/compensation.ts';
import {
  brokenContext,
  contradictoryOutcome,
  deadLetter,
  duplicateProcessing,
  failedStep,
  retryStorm,
} from './rules/failures.ts';
import { findingsOf, type Rule } from './rule.ts';

export { undoPair, type UndoDuties } from './rules/compensation.ts';

/** Of one flow; absences come first. */
const MOST_FINDINGS = 100;

const RULES: readonly Rule[] = [
  undeliveredMessage,
  lostStep,
  missingReply,
  missingStep,
  deadLetter,
  failedStep,
  retryStorm,
  duplicateProcessing,
  contradictoryOutcome,
  compensationFailed,
  compensationTwice,
  compensationOfUndoneStep,
  lateReplyAfterCompensation,
  brokenContext,
];

/**
 * What is wrong with a flow, and since when: pure in (flow, expectations, duties, now). Deadlines, not polling: `lookAtMs`
 * says when the answer can change although nothing arrives.
 */
export function judge(
  flow: Flow,
  waitingFor: WaitingFor[],
  dutiesOf: () => UndoDuties,
  settleMs: number,
  nowMs: number,
): Flow {
  // What is to be undone is audited once nothing moves any more.
  const isSaga =
    flow.outcome === 'failed' ||
    flow.outcome === 'compensated' ||
    flow.steps.some((step) => step.compensates !== null);
  const quietAt = flow.lastReceivedMs + settleMs;
  const audits = isSaga && nowMs >= quietAt;
  const duties = audits ? dutiesOf() : null;
  const rules = duties ? [...RULES, compensationMissing(duties), compensationOutOfOrder(duties)] : RULES;
  const findings: Finding[] = rules
    .flatMap((rule) => findingsOf(rule, flow, rule.inspect(flow, waitingFor, nowMs)))
    .slice(0, MOST_FINDINGS);
  const stuck = findings.some((finding) => isAbsence(finding.rule));
  const next = nextLook(waitingFor, nowMs);
  const late = waitingFor.some(({ lateAt }) => lateAt <= nowMs);
  const health: Health = stuck ? 'stuck' : late ? 'late' : 'ok';
  const since = stuck
    ? Math.min(...findings.filter((finding) => isAbsence(finding.rule)).map((finding) => finding.since))
    : null;
  return {
    ...flow,
    waitingFor,
    findings,
    health,
    // Nothing settles while something is owed.
    settlesAs: waitingFor.length > 0 ? null : flow.settlesAs,
    status: flow.phase === 'ended' || health === 'ok' ? flow.status : health,
    statusSince:
      flow.phase === 'ended' || since === null
        ? flow.statusSince
        : ((BigInt(Math.round(since)) * 1_000_000n) as Flow['statusSince']),
    lookAtMs: isSaga && !audits ? Math.min(next ?? quietAt, quietAt) : next,
  };
}
