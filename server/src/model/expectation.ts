/**
 * Lists the rules that report something missing. If several of them explain why a flow does not
 * move on, only the one that is listed first is reported.
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

/** Describes a step or message that a flow waits for. Instants are wall-clock ms. */
export interface WaitingFor {
  /**
   * Identifies the expectation, and stays the same while the flow waits for the same thing. It is
   * made of step and expectation, and not hashed.
   */
  id: string;
  /**
   * Names the step after which the expected step should come; null: the flow as a whole expects it.
   */
  afterStepId: string | null;
  /**
   * Names the message that was sent for the expected step and has not been consumed; null: there is
   * no such message.
   */
  hopId: string | null;
  step: string;
  service: string | null;
  message: string | null;
  /** Lists alternative steps: any one of them is enough. Empty if only `step` is expected. */
  oneOf: string[];
  certain: boolean;
  /** The expected step usually comes at this instant (median of earlier flows). */
  expectedAt: number;
  since: number;
  lateAt: number;
  stuckAt: number;
  basis: 'declared' | 'learned' | 'structural';
  /** Names the rule that reports the expected step as missing. */
  absence: Absence;
  /** Holds the share of earlier flows in which the expected step came, from 0 to 1. */
  probability: number;
  samples: number;
  /**
   * Is true if the expectation is learned from few samples, so that it may have been right by
   * chance so far.
   */
  provisional: boolean;
}

export type Severity = 'critical' | 'warning' | 'info';

/** Reports what a rule found in one flow, and the evidence for that. */
export interface Finding {
  /**
   * Identifies the finding. It is made of rule, source span and expectation, so it stays the same
   * if the flow gets another name.
   */
  key: string;
  /** Holds the key that all findings of one cause share, also across flow types (`cause.ts`). */
  incident: string;
  rule: string;
  severity: Severity;
  /**
   * Is true if the finding is a condition, which ends when the flow moves on; false if it is an
   * event, which stays.
   */
  lasting: boolean;
  stepId: string | null;
  /** Names the step that is missing or wrong; null if the finding is about the flow as a whole. */
  step: string | null;
  service: string | null;
  /** Names the destination or other place that findings of the same cause have in common. */
  place: string | null;
  /** Names the dependency that was unavailable to the step; absent if none is known. */
  dependency?: string;
  /** The finding became true at this instant, in ms. It may have been detected later. */
  since: number;
  summary: string;
  /** Lists the spans and hops that prove the finding. */
  evidence: string[];
}
