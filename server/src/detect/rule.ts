import { causeKey } from '../model/cause.ts';
import type { Finding, Severity, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';

/**
 * A rule detects one thing that can be wrong with a flow. `inspect` is pure: the same flow,
 * expectations and `now` give the same findings. Nothing polls, so what becomes wrong by time alone
 * is judged again at the deadlines of `waitingFor`. A rule that waits for another instant adds that
 * instant to `looks` in `judge`.
 */
export interface Rule {
  name: string;
  severity: Severity;
  /**
   * True if a finding of this rule is a state, which ends when the flow moves on. By default a
   * finding is an event, which stays true whatever the flow does later.
   */
  lasting?: true;
  inspect(flow: Flow, waitingFor: readonly WaitingFor[], nowMs: number): FindingDraft[];
}

/** A finding as a rule returns it, before `findingsOf` adds the rule's name and severity. */
export interface FindingDraft {
  /**
   * Forms the finding's key together with the rule's name. It is made from a source span or an
   * expectation, never from the flow's name, because a late span may rename the flow.
   */
  about: string;
  stepId: string | null;
  step: string | null;
  service: string | null;
  place: string | null;
  /** Name of the dependency that was unavailable; undefined if no name is known. */
  dependency?: string | undefined;
  /**
   * False if one of several alternative steps is missing, so that `step` is only the likeliest of
   * them.
   */
  certain?: boolean;
  since: number;
  summary: string;
  evidence: string[];
}

export function findingsOf(
  rule: Pick<Rule, 'name' | 'severity'> & { lasting?: boolean },
  flow: Pick<Flow, 'environment' | 'type'>,
  drafts: readonly FindingDraft[],
): Finding[] {
  return drafts.map(({ about, certain, dependency, ...rest }) => {
    const finding = { rule: rule.name, ...rest, ...(dependency !== undefined && { dependency }) };
    return {
      key: `${rule.name}:${about}`,
      incident: causeKey(flow.environment, flow.type, finding, certain),
      severity: rule.severity,
      lasting: rule.lasting ?? false,
      ...finding,
    };
  });
}
