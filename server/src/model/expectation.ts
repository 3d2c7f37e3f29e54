/**
 * Rules that report something missing, in order of precedence. If several of these rules explain
 * why a flow does not continue, only the first one in this list reports it.
 */
export const ABSENCES = [
  'undelivered-message',
  'lost-step',
  'orchestrator-silent',
  'missing-reply',
  'consumer-gone',
  'missing-step',
  'flow-overdue',
] as const;
export type Absence = (typeof ABSENCES)[number];

/** A step or message that a flow waits for. Instants are epoch ms. */
export interface WaitingFor {
  /**
   * Identifies the expectation. The id is readable text made of the step and the expectation, and
   * does not change while the flow waits for the same thing.
   */
  id: string;
  /** Step after which the expected step should come; null if the flow as a whole expects it. */
  afterStepId: string | null;
  /**
   * Hop whose message was sent to the expected step and is not consumed yet; null if there is no
   * such message.
   */
  hopId: string | null;
  step: string;
  service: string | null;
  message: string | null;
  /** Alternative steps, of which any one is enough. Empty if only `step` is expected. */
  oneOf: string[];
  certain: boolean;
  /** Time when the expected step usually comes: the median of earlier flows. */
  expectedAt: number;
  since: number;
  lateAt: number;
  stuckAt: number;
  basis: 'declared' | 'learned' | 'structural';
  /** Rule that reports the expected step as missing. */
  absence: Absence;
  /** Share of earlier flows in which the expected step came, 0 to 1. */
  probability: number;
  samples: number;
  /** True if the expectation was learned from so few samples that it may be a coincidence. */
  provisional: boolean;
}

export type Severity = 'critical' | 'warning' | 'info';

/** What a rule reports about one flow, with the evidence. */
export interface Finding {
  /**
   * Identifies the finding. The key is made of the rule, the span and the expectation, so it does
   * not change if the flow gets another id.
   */
  key: string;
  /**
   * Key that all findings of one cause have in common, also in different flow types (`cause.ts`).
   */
  incident: string;
  rule: string;
  severity: Severity;
  /**
   * True if the finding is a condition, which ends when the flow continues; false if it is an
   * event, which remains.
   */
  lasting: boolean;
  stepId: string | null;
  /** Step that is missing or wrong; null if the finding is about the flow as a whole. */
  step: string | null;
  service: string | null;
  /** Destination, or another location, that findings of the same cause have in common. */
  place: string | null;
  /** Dependency that was unavailable to the step; absent if none is known. */
  dependency?: string;
  /** Time when the finding became true, epoch ms. It may have been detected later. */
  since: number;
  summary: string;
  /** Ids of the spans and hops that prove the finding. */
  evidence: string[];
}
