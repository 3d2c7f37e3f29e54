import type { LiveIncident } from './live-incident.ts';

/**
 * Index from each flow to the open incidents that contain it, the inverse of
 * `LiveIncident.members`.
 */
export interface Memberships {
  of(flowId: string): LiveIncident[];
  set(flowId: string, incidents: readonly LiveIncident[]): void;
  remove(flowId: string, live: LiveIncident): void;
  forget(flowId: string): void;
  /** Adds the flows of `from` to `to` as well. */
  addAll(from: LiveIncident, to: LiveIncident): void;
  removeAll(live: LiveIncident): void;
}

export function createMemberships(): Memberships {
  const byFlow = new Map<string, Set<LiveIncident>>();
  return {
    of: (flowId) => [...(byFlow.get(flowId) ?? [])],
    set: (flowId, incidents) => void byFlow.set(flowId, new Set(incidents)),
    remove: (flowId, live) => void byFlow.get(flowId)?.delete(live),
    forget: (flowId) => void byFlow.delete(flowId),
    addAll(from, to) {
      for (const flowId of from.members.keys()) byFlow.get(flowId)?.add(to);
    },
    removeAll(live) {
      for (const flowId of live.members.keys()) {
        const incidents = byFlow.get(flowId);
        if (incidents?.delete(live) && incidents.size === 0) byFlow.delete(flowId);
      }
    },
  };
}
