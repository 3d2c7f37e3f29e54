/** Rules that say that something did not come; of one stall the earliest here speaks. */
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

/** What should come next in one flow, and by when. Instants are wall-clock ms. */
export interface WaitingFor {
  /** Stable while the flow waits for the same thing: hash-free, step and expectation. */
  id: string;
  /** Step after which it should come; null: owed by the flow as a whole. */
  afterStepId: string | null;
  /** The message that was sent for it and that nobody has consumed. */
  hopId: string | null;
  step: string;
  service: string | null;
  message: string | null;
  /** Any one of these steps would do; empty where `step` alone is owed. */
  oneOf: string[];
  certain: boolean;
  /** When it usually comes (median). */
  expectedAt: number;
  since: number;
  lateAt: number;
  stuckAt: number;
  basis: 'declared' | 'learned' | 'structural';
  /** Which rule its absence is. */
  absence: Absence;
  /** Share of earlier flows in which it came. */
  probability: number;
  samples: number;
  /** Few samples: right so far, and no more than that. */
  provisional: boolean;
}

export type Severity = 'critical' | 'warning' | 'info';

/** What a rule says about one flow, with its evidence. */
export interface Finding {
  /** Stable across renames of the flow: rule, source span, expectation. */
  key: string;
  /** Findings of one cause share it, whatever their flow type (`cause.ts`). */
  incident: string;
  rule: string;
  severity: Severity;
  /** A state that ends when the flow moves on; else an event, which nothing withdraws. */
  lasting: boolean;
  stepId: string | null;
  /** Step that is missing or wrong, by name. */
  step: string | null;
  service: string | null;
  /** Destination or other place that failures of one cause share. */
  place: string | null;
  /** What the step could not do without, where its error names that. */
  dependency?: string;
  /** The instant it became true, ms; not when it was noticed. */
  since: number;
  summary: string;
  /** Spans and hops that show it. */
  evidence: string[];
}
