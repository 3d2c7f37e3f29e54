/** What is wrong with Fermata itself now. */
export interface Health {
  /** Spans are taken. */
  ready: boolean;
  /** The worst first. */
  conditions: HealthCondition[];
}

export interface HealthCondition {
  /** The same for as long as it lasts. */
  id: string;
  since: string;
  text: string;
  /** What to do about it. */
  hint: string;
  /** Nothing is taken while it lasts. */
  blocks: boolean;
}
