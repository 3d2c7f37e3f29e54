/** Describes a problem of Fermata itself, for as long as the problem lasts. */
export interface Condition {
  /** Identifies the problem, and stays the same for as long as the problem lasts. */
  id: string;
  text: string;
  /** Tells the operator what to do about the problem. */
  hint: string;
  /** Is true if the server accepts no spans while the problem lasts. */
  blocks: boolean;
  /**
   * The problem began at this instant, in ms since 1970. Absent if that is unknown; the time of the
   * first report then counts.
   */
  since?: number;
}

export type TimedCondition = Condition & { since: number };
