import type { Incident } from '../../model/incident.ts';

/** An incident in the hands of its owner; only the owner may change it. */
export type MutableIncident = {
  -readonly [K in keyof Incident]: Incident[K] extends readonly (infer One)[] ? One[] : Incident[K];
};

/**
 * Copies an incident. Lists are copied because the owner appends to its own; their elements are
 * immutable.
 */
export const copyOf = (incident: Incident): MutableIncident => ({
  ...incident,
  keys: [...incident.keys],
  parts: [...incident.parts],
  exampleFlowIds: [...incident.exampleFlowIds],
  notes: [...incident.notes],
});
/** Returns the incident in its present state, for a caller that keeps it or sends it later. */
export const snapshotOf: (incident: Incident) => Incident = copyOf;
