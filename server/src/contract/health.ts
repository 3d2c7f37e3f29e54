import type { Instant } from './units.ts';
/** Problems that Fermata itself has now. */
export interface Health {
  /** True while the server accepts spans. */
  ready: boolean;
  /** Problems that Fermata has now, the worst first. */
  conditions: HealthCondition[];
}

/** Whether the server accepts spans now, and if not, why not. */
export interface Readiness {
  ready: boolean;
  problems: string[];
}

export interface HealthCondition {
  /** Id of the condition, which stays the same for as long as the condition lasts. */
  id: string;
  since: Instant;
  text: string;
  /** What the operator can do about the condition. */
  hint: string;
  /** True if the server accepts no spans while the condition lasts. */
  blocks: boolean;
}
