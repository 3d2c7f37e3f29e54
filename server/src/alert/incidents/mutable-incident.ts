import type { Incident } from '../../model/incident.ts';

/**
 * An incident that its owner may change in place. All other code gets `Incident`, which is
 * read-only.
 */
export type MutableIncident = {
  -readonly [K in keyof Incident]: Incident[K] extends readonly (infer One)[] ? One[] : Incident[K];
};

/**
 * Copies an incident and its lists, because the owner appends to the lists of the original. The
 * elements of the lists are immutable and not copied.
 */
export const copyOf = (incident: Incident): MutableIncident => ({
  ...incident,
  keys: [...incident.keys],
  parts: [...incident.parts],
  exampleFlowIds: [...incident.exampleFlowIds],
  notes: [...incident.notes],
  trend: [...incident.trend],
});
/**
 * Returns a copy of the incident as it is now, for a caller that keeps the incident or sends it
 * later.
 */
export const snapshotOf = (incident: Incident): Incident => copyOf(incident);
