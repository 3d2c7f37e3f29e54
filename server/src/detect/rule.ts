import { causeKey } from '../model/cause.ts';
import type { Finding, Severity, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';

/**
 * A rule detects one thing that can be wrong with a flow. `inspect` is pure: the same flow,
 * expectations and `now` give the same findings. What becomes wrong by time alone is judged again
 * at the deadlines of `waitingFor`; a rule that waits for another instant adds that instant to the
 * looks of `judge`, because nothing polls.
 */
export interface Rule {
  name: string;
  severity: Severity;
  /**
   * The finding is a state that ends when the flow moves on. By default it is an event, which
   * nothing withdraws.
   */
  lasting?: true;
  inspect(flow: Flow, waitingFor: readonly WaitingFor[], nowMs: number): FindingDraft[];
}

/** A finding before rule and severity are added. */
export interface FindingDraft {
  /**
   * Forms the finding's key together with the rule: source span and expectation, never the flow's
   * name.
   */
  about: string;
  stepId: string | null;
  step: string | null;
  service: string | null;
  place: string | null;
  /** The dependency that was unavailable, if the error names it. */
  dependency?: string | undefined;
  /** False if one of several alternatives is missing, and `step` is only the likeliest. */
  certain?: boolean;
  since: number;
  summary: string;
  evidence: string[];
}

export function findingsOf(
  rule: Pick<Rule, 'name' | 'severity' | 'lasting'>,
  flow: Flow,
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
