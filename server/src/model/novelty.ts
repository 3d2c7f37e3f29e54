/** What a flow does that its type never did before: news, not an alarm. */
export interface Novelty {
  /** Ids of steps that nothing of this type ever ran, after a step that is well known. */
  consumers: ReadonlySet<string>;
  /**
   * The steps of this flow never came together, although each of them is known. Only a flow that
   * was declared ended can tell.
   */
  variant: boolean;
}
export const NO_NOVELTY: Novelty = { consumers: new Set(), variant: false };
