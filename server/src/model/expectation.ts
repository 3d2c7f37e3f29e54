/**
 * Lists the rules that report something missing, by precedence: when several explain one stall, the
 * first in this list is reported.
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

/** Describes a step or message that should come next in one flow. Instants are wall-clock ms. */
export interface WaitingFor {
  /**
   * Stays the same while the flow waits for the same thing: made of step and expectation, not
   * hashed.
   */
  id: string;
  /** It should come after this step; null: the flow as a whole expects it. */
  afterStepId: string | null;
  /** This message was sent for it and has not been consumed. */
  hopId: string | null;
  step: string;
  service: string | null;
  message: string | null;
  /** Any one of these steps is enough; empty where only `step` is expected. */
  oneOf: string[];
  certain: boolean;
  /** It usually comes at this instant (median). */
  expectedAt: number;
  since: number;
  lateAt: number;
  stuckAt: number;
  basis: 'declared' | 'learned' | 'structural';
  /** Names the rule that reports its absence. */
  absence: Absence;
  /** It came in this share of earlier flows. */
  probability: number;
  samples: number;
  /** Tells whether samples are so few that the expectation has merely been right so far. */
  provisional: boolean;
}

export type Severity = 'critical' | 'warning' | 'info';

/** Reports what a rule found in one flow, with its evidence. */
export interface Finding {
  /** Survives a rename of the flow: made of rule, source span and expectation. */
  key: string;
  /** Findings of one cause share this key, whatever their flow type (`cause.ts`). */
  incident: string;
  rule: string;
  severity: Severity;
  /**
   * Is true for a condition, which ends when the flow moves on; false for an event, which stays.
   */
  lasting: boolean;
  stepId: string | null;
  /** Names the step that is missing or wrong. */
  step: string | null;
  service: string | null;
  /** Names the destination or other place that failures of one cause share. */
  place: string | null;
  /** Names the dependency that the step could not do without, where its error tells. */
  dependency?: string;
  /** It became true at this instant, in ms, which is not the instant of its detection. */
  since: number;
  summary: string;
  /** Lists the spans and hops that prove it. */
  evidence: string[];
}
