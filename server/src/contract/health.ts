/** Lists what is wrong with Fermata itself now. */
export interface Health {
  /** Is true while spans are accepted. */
  ready: boolean;
  /** Lists the conditions, the worst first. */
  conditions: HealthCondition[];
}

export interface HealthCondition {
  /** Stays the same for as long as the condition lasts. */
  id: string;
  since: string;
  text: string;
  /** Tells the operator what to do about it. */
  hint: string;
  /** Tells whether no spans are accepted while it lasts. */
  blocks: boolean;
}
