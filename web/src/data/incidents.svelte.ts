import type { Incident } from '@fermata/server/contract';
import { api } from './api.ts';
import type { IncidentListener } from './live.svelte.ts';

/**
 * All incidents that requests returned or the server pushed, by id. The newest version of each
 * incident is kept, in whatever order the versions come (I8).
 */
let known = $state.raw<ReadonlyMap<string, Incident>>(new Map());

/**
 * Number of older incidents that the server's list omits. They can be opened only by their address.
 */
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
/**
 * Loads one incident by itself, because the page of an incident may show one that is older than all
 * incidents in the list.
 */
export async function loadIncident(id: string): Promise<void> {
  merge([await api.incident(id)]);
}

/** Adds pushed incidents to the known incidents. */
export const incidentListener: IncidentListener = {
  onChanged: merge,
  onReload: () => void loadIncidents().catch(() => undefined),
};
