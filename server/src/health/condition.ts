/** A problem of Fermata itself, for as long as it lasts. */
export interface Condition {
  /** Stays the same for as long as the problem does. */
  id: string;
  text: string;
  /** Advice to the operator. */
  hint: string;
  /** True when no spans are accepted while it lasts. */
  blocks: boolean;
  /** Start of the problem, epoch ms; absent: when it was first observed. */
  since?: number;
}

export type TimedCondition = Condition & { since: number };
