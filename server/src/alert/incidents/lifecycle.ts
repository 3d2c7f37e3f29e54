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
 * Opens, changes, merges and ends incidents, and reports these changes through callbacks.
 * `grouping.ts` decides which flows belong to an incident.
 */
export interface Lifecycle {
  readonly open: OpenIncidents;
  readonly sameCause: SameCause<LiveIncident>;
  list(): LiveIncident[];
  get(id: string): LiveIncident | undefined;
  /**
   * Tracks a new or loaded incident. `recount` is the number of its flows that `count` already
   * includes. These flows will be observed again and must not be counted twice.
   */
  track(incident: Incident, recount?: number): LiveIncident;
  /** Tracks a new incident. Beyond MAX_INCIDENTS, removes the oldest resolved incident. */
  begin(incident: Incident): LiveIncident;
  /**
   * Updates the incident's figures and version. Removes its acknowledgement if it has grown too
   * much since. Must be called after every change of an incident.
   */
  touch(live: LiveIncident): void;
  close(live: LiveIncident): void;
  /**
   * Schedules the end of the incident after a quiet time. If a condition of a flow keeps the
   * incident open, it does not end then.
   */
  fadeLater(live: LiveIncident): void;
  takeChanged(): LiveIncident[];
}

export interface LifecycleOptions {
  clock: Clock;
  memberships: Memberships;
  /** True if a value is summed up over the flows of an incident. */
  hasValue: boolean;
  /**
   * Called when an incident opens, or when it grows to another flow type, a higher severity or the
   * flows of a merged incident.
   */
  onOpened(incident: Incident): void;
  /** Called when the flows of another incident were merged into this one, before `onOpened`. */
  onFolded(head: LiveIncident): void;
  /** Called when an incident has grown so much that its acknowledgement was removed. */
  onWorse(incident: Incident): void;
  /** Called as `onResolved`, and before it. */
  onClosed(live: LiveIncident): void;
  /** Called when an incident has ended, or was merged into another incident (`foldedInto`). */
  onResolved(incident: Incident): void;
}

/**
 * Growth by this factor removes an acknowledgement: ten times as many flows as at the time of the
 * acknowledgement.
 */
const WORSE = 10;
const MAX_INCIDENTS = 5000;
/** Time for which an incident stays open after its last past event, such as a failed step, ms. */
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
    options.onClosed(live);
    touch(live);
    options.onResolved(incident);
  };
  /**
   * Merges two incidents with one cause. `head` stays open. `other` is resolved, and people who
   * were notified of it are informed.
   */
  function fold(head: LiveIncident, other: LiveIncident): void {
    memberships.addAll(other, head);
    absorb(head, other);
    other.incident.foldedInto = head.incident.id;
    addNote(other, `one with: ${head.incident.title}`, clock.now());
    close(other);
    open.takeKeysOver(head, other);
    options.onFolded(head);
    touch(head);
    options.onOpened(head.incident);
  }
  const fadeLater = (live: LiveIncident): void => {
    if (live.isFading) return;
    live.isFading = true;
    clock.after(QUIET_MS, () => fade(live));
  };
  /**
   * Ends an incident that consists only of past events, if no further event happened in the quiet
   * time. Past events never end by themselves, so without this the incident would stay open.
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
