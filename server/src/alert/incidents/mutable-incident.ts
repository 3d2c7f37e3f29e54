import type { Incident } from '../../model/incident.ts';

/** An incident in the hands of its owner; nobody else may change one. */
export type MutableIncident = {
  -readonly [K in keyof Incident]: Incident[K] extends readonly (infer One)[] ? One[] : Incident[K];
};

/** Lists are copied because the owner appends to its own; their elements are never changed. */
export const copyOf = (incident: Incident): MutableIncident => ({
  ...incident,
  keys: [...incident.keys],
  parts: [...incident.parts],
  exampleFlowIds: [...incident.exampleFlowIds],
  notes: [...incident.notes],
});
/** The incident as it is now, for whoever keeps or sends it later than now. */
export const snapshotOf: (incident: Incident) => Incident = copyOf;
