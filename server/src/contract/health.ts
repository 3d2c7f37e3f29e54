import type { Instant } from './units.ts';
/** Lists what is wrong with Fermata itself now. */
export interface Health {
  /** Is true while the server accepts spans. */
  ready: boolean;
  /** Lists the problems that Fermata has now, the worst first. */
  conditions: HealthCondition[];
}

/** Tells whether the server accepts spans now, and why not. */
export interface Readiness {
  ready: boolean;
  problems: string[];
}

export interface HealthCondition {
  /** Identifies the condition, and stays the same for as long as the condition lasts. */
  id: string;
  since: Instant;
  text: string;
  /** Tells the operator what to do about the condition. */
  hint: string;
  /** Is true if the server accepts no spans while the condition lasts. */
  blocks: boolean;
}
