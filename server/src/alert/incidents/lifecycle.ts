import type { Clock } from '../../base/clock.ts';
import type { Incident } from '../../model/incident.ts';
import {
  absorb,
  addNote,
  clearMembers,
  liveIncident,
  measure,
  type LiveIncident,
} from './live-incident.ts';
import type { Memberships } from './memberships.ts';
import { createOpenIncidents, type OpenIncidents } from './open-incidents.ts';
import { createSameCause, type SameCause } from './same-cause.ts';

/**
 * Opens, changes, folds and ends incidents, and reports these changes to the callbacks.
 * `grouping.ts` decides which flows belong to an incident.
 */
export interface Lifecycle {
  readonly open: OpenIncidents;
  readonly sameCause: SameCause<LiveIncident>;
  list(): LiveIncident[];
  get(id: string): LiveIncident | undefined;
  /**
   * Tracks an incident, new or loaded. `recount` is the number of the incident's members that
   * `count` already includes and that will be observed again.
   */
  track(incident: Incident, recount?: number): LiveIncident;
  /**
   * Tracks a new incident. If there are more than MAX_INCIDENTS, the oldest resolved incident is
   * dropped.
   */
  begin(incident: Incident): LiveIncident;
  /**
   * Updates the incident's figures and version, and drops an acknowledgement that the incident has
   * outgrown. Call this after every change of an incident.
   */
  touch(live: LiveIncident): void;
  close(live: LiveIncident): void;
  /** Ends the incident after a quiet time, unless a condition of a flow keeps the incident open. */
  fadeLater(live: LiveIncident): void;
  takeChanged(): LiveIncident[];
}

export interface LifecycleOptions {
  clock: Clock;
  memberships: Memberships;
  /** True if flows have a value that is summed up over the flows of an incident. */
  hasValue: boolean;
  /**
   * Called when the incident has opened, or concerns more than before: another flow type, a higher
   * severity, or the flows of a folded incident.
   */
  onOpened(incident: Incident): void;
  /** Called when the incident has outgrown its acknowledgement. */
  onWorse(incident: Incident): void;
  /** Called when the incident has ended, or was folded into another incident (`foldedInto`). */
  onResolved(incident: Incident): void;
}

/**
 * Factor of growth at which an acknowledgement ends: ten times as many flows as when the incident
 * was acknowledged.
 */
const WORSE = 10;
const MAX_INCIDENTS = 5000;
/** Quiet time, ms: a past event (a failed step) keeps its incident open for this long. */
export const QUIET_MS = 900_000;

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { clock, memberships } = options;
  const open = createOpenIncidents();
  const all = new Map<string, LiveIncident>();
  const changed = new Set<LiveIncident>();
  const sameCause = createSameCause<LiveIncident>(clock, ({ incident }) => incident, fold);

  const touch = (live: LiveIncident): void => {
    const { incident } = live;
    const now = clock.now();
    if (incident.channel === null) measure(live, now, options.hasValue);
    incident.version = Math.max(incident.version + 1, now * 1000);
    changed.add(live);
    if (incident.ack === null || incident.openCount < WORSE * Math.max(1, incident.ack.count))
      return;
    incident.ack = null;
    incident.outgrownAt = now;
    options.onWorse(incident);
  };
  const close = (live: LiveIncident): void => {
    const { incident } = live;
    if (incident.status === 'resolved') return;
    incident.status = 'resolved';
    incident.resolvedAt = clock.now();
    open.remove(live);
    sameCause.remove(live);
    memberships.removeAll(live);
    clearMembers(live);
    touch(live);
    options.onResolved(incident);
  };
  /**
   * Folds two incidents with one cause. The older incident stays open. The other incident is
   * resolved, and so are its notifications.
   */
  function fold(head: LiveIncident, other: LiveIncident): void {
    memberships.addAll(other, head);
    absorb(head, other);
    other.incident.foldedInto = head.incident.id;
    addNote(other, `one with: ${head.incident.title}`, clock.now());
    close(other);
    open.takeKeysOver(head, other);
    touch(head);
    options.onOpened(head.incident);
  }
  const fadeLater = (live: LiveIncident): void => {
    if (live.isFading) return;
    live.isFading = true;
    clock.after(QUIET_MS, () => fade(live));
  };
  /**
   * Ends an incident that has only past events, once the quiet time has passed without another
   * event. Otherwise such an incident would stay open, because nothing withdraws a past event.
   */
  const fade = (live: LiveIncident): void => {
    live.isFading = false;
    if (live.conditions > 0 || live.incident.status !== 'open') return;
    if (clock.now() - live.incident.lastAt >= QUIET_MS) close(live);
    else fadeLater(live);
  };
  const dropOldest = (): void => {
    for (const [id, { incident }] of all) {
      if (incident.status === 'open') continue;
      all.delete(id);
      return;
    }
  };
  const track = (incident: Incident, recount = 0): LiveIncident => {
    const live = liveIncident(incident, recount);
    all.set(incident.id, live);
    if (incident.status !== 'open') return live;
    open.add(live);
    sameCause.add(live);
    return live;
  };
  return {
    open,
    sameCause,
    list: () => [...all.values()],
    get: (id) => all.get(id),
    track,
    begin(incident) {
      const live = track(incident);
      if (all.size > MAX_INCIDENTS) dropOldest();
      return live;
    },
    touch,
    close,
    fadeLater,
    takeChanged() {
      const taken = [...changed];
      changed.clear();
      return taken;
    },
  };
}
