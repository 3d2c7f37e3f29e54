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
 * Opens, changes, folds and ends incidents, and tells of it. What belongs into one is not its
 * matter.
 */
export interface Lifecycle {
  readonly open: OpenIncidents;
  readonly sameCause: SameCause<LiveIncident>;
  list(): LiveIncident[];
  get(id: string): LiveIncident | undefined;
  /** `recount`: members that are counted in it and will be observed again. */
  track(incident: Incident, recount?: number): LiveIncident;
  /** Tracks a new one; of too many, the oldest that is over is dropped. */
  begin(incident: Incident): LiveIncident;
  /** Has to follow every change: figures, version, and whether an acknowledgement still holds. */
  touch(live: LiveIncident): void;
  close(live: LiveIncident): void;
  /** Ends it after a quiet time where no condition holds it open. */
  fadeLater(live: LiveIncident): void;
  takeChanged(): LiveIncident[];
}

export interface LifecycleOptions {
  clock: Clock;
  memberships: Memberships;
  /** Flows have a value that is summed up. */
  hasValue: boolean;
  /** It opened, or concerns others now than it did before: another flow type, a higher severity. */
  onOpened(incident: Incident): void;
  /** Its acknowledgement does not hold any more. */
  onWorse(incident: Incident): void;
  /** It is over, or was found to be one with another (`foldedInto`). */
  onResolved(incident: Incident): void;
}

/** An acknowledgement holds until it is ten times worse. */
const WORSE = 10;
const MAX_INCIDENTS = 5000;
/**
 * What happened and is over (a failed step) keeps its incident open for so long after the last one.
 */
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
   * Folds two with one cause: the older goes on; what people were told of the other is taken back.
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
  /** Nothing withdraws what has happened: after a while without another one it is over. */
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
