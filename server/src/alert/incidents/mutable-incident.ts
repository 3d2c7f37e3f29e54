import type { Incident } from '../../model/incident.ts';

/**
 * An incident that its owner may change in place. All other code uses the read-only type
 * `Incident`.
 */
export type MutableIncident = {
  -readonly [K in keyof Incident]: Incident[K] extends readonly (infer One)[] ? One[] : Incident[K];
};

/**
 * Copies an incident and its lists, because the owner appends to the lists of the original. The
 * elements of the lists are immutable and therefore shared.
 */
export const copyOf = (incident: Incident): MutableIncident => ({
  ...incident,
  keys: [...incident.keys],
  parts: [...incident.parts],
  exampleFlowIds: [...incident.exampleFlowIds],
  notes: [...incident.notes],
  trend: [...incident.trend],
  unheard: [...incident.unheard],
});
/**
 * Returns a copy of the incident in its present state, for a caller that stores or sends it later.
 */
export const snapshotOf = (incident: Incident): Incident => copyOf(incident);
