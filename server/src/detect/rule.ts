import { causeKey } from '../model/cause.ts';
import type { Finding, Severity, WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';

/**
 * One thing that can be wrong with a flow. `inspect` is pure: the same flow, expectations and `now`
 * give the same findings. What becomes wrong later says so by the deadlines of `waitingFor`;
 * nothing polls.
 */
export interface Rule {
  name: string;
  severity: Severity;
  /** A state that ends when the flow moves on. Default: an event, which nothing withdraws. */
  lasting?: true;
  inspect(flow: Flow, waitingFor: readonly WaitingFor[], nowMs: number): FindingDraft[];
}

/** A finding without what the engine adds: rule and severity. */
export interface FindingDraft {
  /** With the rule, the finding's key: source span and expectation, never the flow's name. */
  about: string;
  stepId: string | null;
  step: string | null;
  service: string | null;
  place: string | null;
  /** What it could not do without, where its error names that. */
  dependency?: string | undefined;
  /** false: one of several is missed, and `step` is only the likeliest. */
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
