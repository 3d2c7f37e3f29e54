/**
 * What a flow does that no flow of its type did before. It is shown as information and raises no
 * alarm.
 */
export interface Novelty {
  /**
   * Ids of new consumers: steps that no flow of this type ran before, each after a step that flows
   * of the type ran often.
   */
  consumers: ReadonlySet<string>;
  /**
   * True if every step of the flow is known, but no flow of this type had the same combination of
   * steps. Always false if the flow's end is not declared.
   */
  variant: boolean;
}
export const NO_NOVELTY: Novelty = { consumers: new Set(), variant: false };
