/**
 * Rules that report something missing, by precedence: when several explain one stall, the first in
 * this list is reported.
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

/** A step or message that should come next in one flow. Instants are wall-clock ms. */
export interface WaitingFor {
  /**
   * Stays the same while the flow waits for the same thing: made of step and expectation, not
   * hashed.
   */
  id: string;
  /** The step after which it should come; null: the flow as a whole expects it. */
  afterStepId: string | null;
  /** The message that was sent for it and has not been consumed. */
  hopId: string | null;
  step: string;
  service: string | null;
  message: string | null;
  /** Any one of these steps is enough; empty where only `step` is expected. */
  oneOf: string[];
  certain: boolean;
  /** The median instant at which it comes. */
  expectedAt: number;
  since: number;
  lateAt: number;
  stuckAt: number;
  basis: 'declared' | 'learned' | 'structural';
  /** The rule that reports its absence. */
  absence: Absence;
  /** The share of earlier flows in which it came. */
  probability: number;
  samples: number;
  /** True where there are few samples, which no flow has contradicted yet. */
  provisional: boolean;
}

export type Severity = 'critical' | 'warning' | 'info';

/** What a rule reports about one flow, with its evidence. */
export interface Finding {
  /** Survives a rename of the flow: made of rule, source span and expectation. */
  key: string;
  /** Findings of one cause share this key, whatever their flow type (`cause.ts`). */
  incident: string;
  rule: string;
  severity: Severity;
  /** True for a condition, which ends when the flow moves on; false for an event, which stays. */
  lasting: boolean;
  stepId: string | null;
  /** The name of the step that is missing or wrong. */
  step: string | null;
  service: string | null;
  /** The destination or other place that failures of one cause share. */
  place: string | null;
  /** The dependency that the step could not do without, where its error names one. */
  dependency?: string;
  /** The instant at which it became true, in ms, not the instant of its detection. */
  since: number;
  summary: string;
  /** Spans and hops that prove it. */
  evidence: string[];
}
