import type { Flow } from '../../model/flow.ts';
import { storedIncident, type Incident } from '../../model/incident.ts';
import { createGrouping, type GroupingOptions } from './grouping.ts';
import { createLifecycle, type LifecycleOptions } from './lifecycle.ts';
import { acknowledge, addNote, type LiveIncident } from './live-incident.ts';
import { createMemberships } from './memberships.ts';
import { snapshotOf } from './mutable-incident.ts';

export { snapshotOf } from './mutable-incident.ts';
export { newIncident } from './new-incident.ts';

/**
 * Findings with one cause become one incident, whatever their flow types: five thousand stalled
 * orders are one thing to know, and so is one Redis that four processes cannot reach. It resolves
 * by itself when the last flow has left it. What it gives changes further: `snapshotOf` keeps it.
 */
export interface Incidents {
  /** What is said of a flow now; the newest word counts. */
  observe(flow: Flow): void;
  forget(flowId: string): void;
  list(): Incident[];
  get(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  /** The one that is open for a key. */
  openOf(key: string): Incident | undefined;
  /** One of Fermata itself: opens, changes and ends when it is told to. */
  raise(incident: Incident): void;
  amend(key: string, fields: Partial<Incident>): void;
  withdraw(key: string): void;
  /** Incidents of a previous run of this process; then `observe` what the store says of flows. */
  load(incidents: readonly Incident[]): void;
  /** Once all flows were observed again: what is empty now resolved while nobody looked. */
  loaded(): void;
  /** Snapshots of those that changed since it was asked last. */
  takeChanged(): Incident[];
}

export interface IncidentsOptions
  extends
    Pick<GroupingOptions, 'clock'>,
    Pick<LifecycleOptions, 'onOpened' | 'onWorse' | 'onResolved'> {
  /**
   * What may be behind a finding, from outside of the flow: a deploy, a service that fell silent.
   */
  suspect: GroupingOptions['suspect'];
  /** Key of flows whose values are summed up; '' none. */
  valueKey: string;
}

export function createIncidents(options: IncidentsOptions): Incidents {
  const { clock, valueKey } = options;
  const memberships = createMemberships();
  const lifecycle = createLifecycle({ ...options, memberships, hasValue: valueKey !== '' });
  const { open } = lifecycle;
  const grouping = createGrouping({ ...options, lifecycle, memberships });

  const edit = (id: string, change: (live: LiveIncident) => void): Incident | undefined => {
    const live = lifecycle.get(id);
    if (live === undefined) return undefined;
    change(live);
    lifecycle.touch(live);
    return live.incident;
  };
  return {
    observe: (flow) => grouping.observe(flow),
    forget: (flowId) => grouping.forget(flowId),
    list: () =>
      lifecycle
        .list()
        .map(({ incident }) => incident)
        .sort((a, b) => b.lastAt - a.lastAt),
    get: (id) => lifecycle.get(id)?.incident,
    acknowledge: (id, note) => edit(id, (live) => acknowledge(live, note, clock.now())),
    resolve: (id, note) =>
      edit(id, (live) => {
        addNote(live, note, clock.now());
        lifecycle.close(live);
      }),
    note: (id, text) => edit(id, (live) => addNote(live, text, clock.now())),
    openOf: (key) => open.get(key)?.incident,
    raise(incident) {
      const live = lifecycle.track(incident);
      lifecycle.touch(live);
      options.onOpened(live.incident);
    },
    amend(key, fields) {
      const live = open.get(key);
      if (live === undefined) return;
      Object.assign(live.incident, fields);
      lifecycle.touch(live);
    },
    withdraw(key) {
      const live = open.get(key);
      if (live !== undefined) lifecycle.close(live);
    },
    load(incidents) {
      for (const stored of incidents) {
        const incident = storedIncident(stored);
        lifecycle.track(incident, incident.status === 'open' ? incident.openCount : 0);
      }
    },
    loaded() {
      for (const live of open.list()) {
        if (live.incident.channel !== null) continue;
        // Those that did not come again recovered meanwhile.
        live.recount = 0;
        if (live.members.size === 0) lifecycle.close(live);
        else if (live.conditions === 0) lifecycle.fadeLater(live);
      }
    },
    takeChanged: () => lifecycle.takeChanged().map(({ incident }) => snapshotOf(incident)),
  };
}
