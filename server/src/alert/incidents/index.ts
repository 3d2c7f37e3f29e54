import type { Flow } from '../../model/flow.ts';
import { storedIncident, type Incident } from '../../model/incident.ts';
import { createGrouping, type GroupingOptions } from './grouping.ts';
import { createLifecycle, type LifecycleOptions } from './lifecycle.ts';
import { acknowledge, addNote, describeLive, type LiveIncident } from './live-incident.ts';
import { createMemberships } from './memberships.ts';
import { snapshotOf } from './mutable-incident.ts';
import { createOvertaken, type OvertakenOptions } from './overtaken.ts';
import { createUnheard } from './unheard.ts';

export { snapshotOf } from './mutable-incident.ts';
export { newIncident } from './new-incident.ts';

/**
 * Groups findings with one cause into one incident, also across flow types. For example, five
 * thousand stalled orders are one incident, and so is one Redis that four services cannot reach. An
 * incident resolves by itself when the last flow has left it. Returned incidents keep changing, so
 * copy them with `snapshotOf` to keep a state.
 */
export interface Incidents {
  /**
   * Updates the incidents from the current findings of a flow. Earlier findings of the flow are
   * replaced.
   */
  observe(flow: Flow): void;
  forget(flowId: string): void;
  list(): Incident[];
  get(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  /** Returns the ids of an incident and of those into which it was merged, one after the other. */
  lineOf(id: string): ReadonlySet<string>;
  /** Returns the open incident with this key; undefined if there is none. */
  openOf(key: string): Incident | undefined;
  /**
   * Opens an incident about Fermata itself. The caller changes it with `amend` and ends it with
   * `withdraw`.
   */
  raise(incident: Incident): void;
  amend(key: string, fields: Partial<Incident>): void;
  withdraw(key: string): void;
  /**
   * Loads incidents of a previous run of the process. Afterwards, call `observe` with all stored
   * flows that have findings.
   */
  load(incidents: readonly Incident[]): void;
  /**
   * Ends loaded incidents without flows, because they resolved while the process was down. Call
   * this after all stored flows have been observed again.
   */
  loaded(): void;
  /** Returns snapshots of the incidents that changed since the last call of this method. */
  takeChanged(): Incident[];
}

export interface IncidentsOptions
  extends
    Pick<GroupingOptions, 'clock'>,
    Pick<LifecycleOptions, 'onOpened' | 'onWorse' | 'onResolved'> {
  /**
   * Returns possible causes outside the flow, such as a deployment or a service that stopped
   * sending spans.
   */
  suspect: GroupingOptions['suspect'];
  /** Returns how many later messages a service took at a destination. */
  takenAfter: OvertakenOptions['takenAfter'];
  /**
   * Name of the business key whose values are summed up over the flows of an incident; '' for no
   * sum.
   */
  valueKey: string;
}

export function createIncidents(options: IncidentsOptions): Incidents {
  const { clock, valueKey } = options;
  const memberships = createMemberships();
  const onChanged = (live: LiveIncident): void => {
    describeLive(live);
    lifecycle.touch(live);
  };
  const overtaken = createOvertaken({ takenAfter: options.takenAfter, onChanged });
  const unheard = createUnheard(onChanged);
  const lifecycle = createLifecycle({
    ...{ ...options, memberships, hasValue: valueKey !== '' },
    onClosed(live) {
      overtaken.forget(live);
      unheard.forget(live);
    },
    onFolded(head) {
      overtaken.note(head);
      unheard.note(head);
    },
  });
  const { open } = lifecycle;
  const grouping = createGrouping({ ...options, lifecycle, memberships, overtaken, unheard });

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
    lineOf(id) {
      const line = new Set<string>();
      let next: string | null = id;
      while (next !== null && !line.has(next)) {
        line.add(next);
        next = lifecycle.get(next)?.incident.foldedInto ?? null;
      }
      return line;
    },
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
        unheard.note(
          lifecycle.track(incident, incident.status === 'open' ? incident.openCount : 0),
        );
      }
    },
    loaded() {
      for (const live of open.list()) {
        if (live.incident.channel !== null) continue;
        // Flows of the incident that were not observed again recovered while the process was down.
        live.recount = 0;
        if (live.members.size === 0) lifecycle.close(live);
        else if (live.conditions === 0) lifecycle.fadeLater(live);
      }
    },
    takeChanged: () => lifecycle.takeChanged().map(({ incident }) => snapshotOf(incident)),
  };
}
