/** A problem of Fermata itself, which is reported as long as it lasts. */
export interface Condition {
  /** Identifies the problem. The id does not change while the problem lasts. */
  id: string;
  text: string;
  /** What the operator can do about the problem. */
  hint: string;
  /** True if the server accepts no spans while the problem lasts. */
  blocks: boolean;
  /** Time when the problem began, epoch ms. If absent, the time of the first report is used. */
  since?: number;
}

export type TimedCondition = Condition & { since: number };
