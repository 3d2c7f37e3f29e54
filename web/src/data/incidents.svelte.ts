import type { Incident } from '@fermata/server/contract';
import { api } from './api.ts';
import type { IncidentListener } from './live.svelte.ts';

/** Incidents come by request and by push; the newest version of each counts, in any order (I8). */
let known = $state.raw<ReadonlyMap<string, Incident>>(new Map());

/** The list is cut: so many older incidents are found by their address only. */
let unlisted = $state(0);

function merge(list: readonly Incident[]): void {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- replaced as a whole, never changed
  const next = new Map(known);
  for (const incident of list)
    if ((next.get(incident.id)?.version ?? -1) < incident.version) next.set(incident.id, incident);
  known = next;
}

export const incidents = (): Incident[] =>
  [...known.values()].sort((a, b) => Date.parse(b.lastAt) - Date.parse(a.lastAt));
export const unlistedIncidents = (): number => unlisted;
export const openIncidents = (): number =>
  [...known.values()].filter((one) => one.status === 'open' && one.severity === 'critical').length;

export async function loadIncidents(): Promise<void> {
  const { items, total } = await api.incidents();
  unlisted = total - items.length;
  merge(items);
}
/** A page of its own may show an incident that is older than all of the list. */
export async function loadIncident(id: string): Promise<void> {
  merge([await api.incident(id)]);
}

/** The list stays true by what the server pushes. */
export const incidentListener: IncidentListener = {
  onChanged: merge,
  onReload: () => void loadIncidents().catch(() => undefined),
};
