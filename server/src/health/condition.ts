/** Something of Fermata itself that is not as it should be, while it is so. */
export interface Condition {
  /** The same for as long as it is the same thing. */
  id: string;
  text: string;
  /** What the operator can do about it. */
  hint: string;
  /** Nothing is taken while it holds. */
  blocks: boolean;
  /** Wall clock, ms; absent: since it was first seen. */
  since?: number;
}

export type TimedCondition = Condition & { since: number };
