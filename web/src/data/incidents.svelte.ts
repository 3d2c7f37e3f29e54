import type { Incident } from '@fermata/server/contract';
import { api } from './api.ts';
import type { IncidentListener } from './live.svelte.ts';

/**
 * Incidents that were requested or pushed, by id. Only the newest version of each is kept, in
 * whatever order the versions arrive (invariant I8).
 */
let known = $state.raw<ReadonlyMap<string, Incident>>(new Map());

/**
 * Number of older incidents that the server leaves out of its list. They can be opened only by
 * their URL.
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
/** Number of open incidents, and of those among them that are critical. */
export function openIncidents(): { all: number; critical: number } {
  const open = [...known.values()].filter((one) => one.status === 'open');
  return {
    all: open.length,
    critical: open.filter(({ severity }) => severity === 'critical').length,
  };
}

export async function loadIncidents(): Promise<void> {
  const { items, total } = await api.incidents();
  unlisted = total - items.length;
  merge(items);
}
/**
 * Loads a single incident, because the page of an incident can show one that is too old for the
 * list.
 */
export async function loadIncident(id: string): Promise<void> {
  merge([await api.incident(id)]);
}

/** Merges pushed incidents into the stored ones, and reloads the list after an interruption. */
export const incidentListener: IncidentListener = {
  onChanged: merge,
  onReload: () => void loadIncidents().catch(() => undefined),
};
