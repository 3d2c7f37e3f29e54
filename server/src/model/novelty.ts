/** Reports what a flow does that its type never did before; it is news, not an alarm. */
export interface Novelty {
  /** Lists ids of steps that flows of this type never ran, each after a step that is well known. */
  consumers: ReadonlySet<string>;
  /**
   * Tells whether the steps of this flow never came together, although each of them is known. Only
   * a flow with a declared end can tell.
   */
  variant: boolean;
}
export const NO_NOVELTY: Novelty = { consumers: new Set(), variant: false };
