/**
 * Reports what a flow does that flows of its type never did before. This is shown as news and
 * raises no alarm.
 */
export interface Novelty {
  /**
   * Ids of new consumers: steps that flows of this type never ran before, each of which follows a
   * step that the type has run often.
   */
  consumers: ReadonlySet<string>;
  /**
   * Is true if each step of the flow is known but flows of this type never had this combination of
   * steps. Always false for a flow whose end is not declared.
   */
  variant: boolean;
}
export const NO_NOVELTY: Novelty = { consumers: new Set(), variant: false };
