import { flatMapped } from '../base/lists.ts';
import type { Finding, WaitingFor } from '../model/expectation.ts';
import type { UndoDuties } from '../model/duties.ts';
import type { Novelty } from '../model/novelty.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Flow, Health } from '../model/flow.ts';
import { nanosFromMs } from '../model/time.ts';
import {
  consumerGone,
  flowOverdue,
  isAbsence,
  lostStep,
  missingReply,
  missingStep,
  nextLook,
  orchestratorSilent,
  undeliveredMessage,
} from './rules/absence.ts';
import {
  compensationFailed,
  compensationMissing,
  compensationOfUndoneStep,
  compensationOutOfOrder,
  compensationTwice,
  lateReplyAfterCompensation,
} from './rules/compensation.ts';
import {
  brokenContext,
  contradictoryOutcome,
  deadLetter,
  duplicateProcessing,
  failedStep,
  failureToldAt,
  retryStorm,
  unhandledFailure,
  unheardFailures,
} from './rules/failures.ts';
import { consumerNew, newVariant } from './rules/novelties.ts';
import { evaluateQueryRule, queryFindings } from './rules/queries.ts';
import { findingsOf, type Rule } from './rule.ts';

/**
 * Maximum number of findings of one flow, besides those of query rules. Findings about absences
 * come first, so that they are the last to be cut off.
 */
const MAX_FINDINGS = 100;
/**
 * Time after the receipt of a failed step, ms, in which a caller or a successful retry may still be
 * received. Exporters send every 5 s by default, so other spans have been received by then.
 */
const FAILURE_GRACE_MS = 5000;

const ABSENCES: readonly Rule[] = [
  undeliveredMessage,
  lostStep,
  orchestratorSilent,
  missingReply,
  consumerGone,
  missingStep,
  flowOverdue,
];

const EVENTS: readonly Rule[] = [retryStorm, duplicateProcessing, contradictoryOutcome];

/** Rules for flows in which at least one step compensates another step. */
const UNDOING: readonly Rule[] = [
  compensationFailed,
  compensationTwice,
  compensationOfUndoneStep,
  lateReplyAfterCompensation,
];
const NO_RULES: readonly Rule[] = [];

export interface JudgeOptions {
  /** Idle time, ms, after which missing compensations and unhandled failures are judged. */
  settleMs: number;
  queryRules: readonly QueryRule[];
}

/** Knowledge about a flow that the flow itself does not hold. */
export interface JudgeContext {
  waitingFor: WaitingFor[];
  /** True if a message of the flow waits at a destination without a known consumer. */
  waitsForNobody: boolean;
  /**
   * True if a message of the flow waits although a batch may have taken it. The links of such a
   * batch do not name all messages that the batch took.
   */
  mayBeTaken: boolean;
  /** True if flows of this type that declare their start also declare their end. */
  endsDeclared: boolean;
  dutiesOf(): UndoDuties;
  news: Novelty;
}

/** Returns the rules that apply to a flow, in the order of their findings. Add a new rule here. */
function rulesFor(
  known: JudgeContext,
  duties: UndoDuties | null,
  undoes: boolean,
  graceMs: number,
  quietAtMs: number,
): readonly Rule[] {
  return [
    ...ABSENCES,
    deadLetter,
    failedStep(graceMs),
    ...EVENTS,
    ...(undoes ? UNDOING : NO_RULES),
    brokenContext,
    unhandledFailure(quietAtMs),
    consumerNew(known.news),
    newVariant(known.news),
    ...(duties ? [compensationMissing(duties), compensationOutOfOrder(duties)] : NO_RULES),
  ];
}

/**
 * Judges what is wrong with a flow, and since when. The function is pure in (flow, what is known,
 * now). Nothing polls: `lookAtMs` tells when the answer can change although nothing is received.
 */
export function judge(
  flow: Flow,
  known: JudgeContext,
  { settleMs, queryRules }: JudgeOptions,
  nowMs: number,
): Flow {
  const { waitingFor } = known;
  const undoes = flow.steps.some((step) => step.compensates !== null);
  const isSaga = flow.outcome === 'failed' || flow.outcome === 'compensated' || undoes;
  const graceMs = Math.min(settleMs, FAILURE_GRACE_MS);
  const quietAt = flow.lastReceivedMs + settleMs;
  const duties = isSaga && nowMs >= quietAt ? known.dutiesOf() : null;
  const rules = rulesFor(known, duties, undoes, graceMs, quietAt);
  const findings: Finding[] = flatMapped(rules, (rule) =>
    findingsOf(rule, flow, rule.inspect(flow, waitingFor, nowMs)),
  ).slice(0, MAX_FINDINGS);
  const absences = findings.filter((finding) => isAbsence(finding.rule));
  const late = waitingFor.some(({ lateAt }) => lateAt <= nowMs);
  const health: Health = absences.length > 0 ? 'stuck' : late ? 'late' : 'ok';
  const ended = flow.phase === 'ended';
  const isOpenYet = known.endsDeclared || unheardFailures(flow).length > 0;
  const judged: Flow = {
    ...flow,
    waitingFor,
    findings,
    health,
    badges: known.waitsForNobody
      ? [...flow.badges, 'no-known-consumer' as const].sort()
      : flow.badges,
    incomplete: flow.incomplete || known.mayBeTaken,
    // A flow does not settle while something is expected of it. It does not settle as completed
    // while its declared end, or a consumer of its failure message, is missing. Other messages
    // without a known consumer do not keep the flow from settling.
    idleOutcome:
      waitingFor.length > 0 || (flow.idleOutcome === 'completed' && isOpenYet)
        ? null
        : flow.idleOutcome,
    status: ended || health === 'ok' ? flow.status : health,
    statusSince:
      ended || absences.length === 0
        ? flow.statusSince
        : nanosFromMs(Math.round(Math.min(...absences.map((finding) => finding.since)))),
    lookAtMs: null,
  };
  const looks = [nextLook(waitingFor, nowMs), failureToldAt(flow, graceMs, nowMs)];
  if (nowMs < quietAt && (isSaga || unheardFailures(flow).length > 0)) looks.push(quietAt);
  for (const rule of queryRules) {
    const { drafts, lookAtMs } = evaluateQueryRule(rule, judged, settleMs, nowMs);
    looks.push(lookAtMs);
    judged.findings = [...judged.findings, ...queryFindings(rule, judged, drafts)];
  }
  const next = looks.filter((at) => at !== null);
  return { ...judged, lookAtMs: next.length === 0 ? null : Math.min(...next) };
}
