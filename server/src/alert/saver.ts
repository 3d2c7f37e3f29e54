import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Incident, Notification } from '../model/incident.ts';
import type { AlertStore } from './port.ts';

/**
 * Saves changed incidents and notifications to the store: after 200 ms, together with other
 * changes, or immediately if a caller waits for it.
 */
export interface Saver {
  /** Queues a notification to be saved. Replaces an earlier version that is not saved yet. */
  mark(notification: Notification): void;
  isUnsaved(id: string): boolean;
  soon(): void;
  /** Resolves after one attempt to save all changes. A failed attempt is repeated later. */
  now(): Promise<void>;
  idle(): Promise<void>;
  /** Saves all changes a last time. */
  stop(): Promise<void>;
}

export interface SaverOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: Pick<AlertStore, 'saveIncidents' | 'saveNotifications'>;
  /** Returns the incidents that changed since the last call of this function. */
  takeIncidents(): Incident[];
  onChanged(incidents: readonly Incident[]): void;
}

const SAVE_MS = 200;

export function createSaver({ clock, counters, log, store, ...options }: SaverOptions): Saver {
  const unsaved = new Map<string, Notification>();
  const unsavedIncidents = new Map<string, Incident>();
  let saving: Promise<void> | undefined;
  let cancelSave: (() => void) | undefined;
  let stopping = false;

  const soon = (): void => {
    if (stopping || cancelSave !== undefined) return;
    cancelSave = clock.after(SAVE_MS, () => void now());
  };
  const now = async (): Promise<void> => {
    await saving;
    cancelSave?.();
    cancelSave = undefined;
    saving = write();
    await saving;
  };
  const write = async (): Promise<void> => {
    const changed = options.takeIncidents();
    for (const one of changed) unsavedIncidents.set(one.id, one);
    const [incidents, notifications] = [[...unsavedIncidents.values()], [...unsaved.values()]];
    try {
      if (changed.length > 0) options.onChanged(changed);
      if (incidents.length > 0) {
        await store.saveIncidents(incidents);
        clearSaved(unsavedIncidents, incidents);
      }
      if (notifications.length > 0) {
        await store.saveNotifications(notifications);
        clearSaved(unsaved, notifications);
      }
    } catch (error) {
      counters.add('fermata_alert_write_failures_total');
      log.error(
        { detail: messageOf(error).slice(0, 300) },
        'alerts could not be written; trying again',
      );
      soon();
    }
  };
  return {
    mark: (notification) => void unsaved.set(notification.id, notification),
    isUnsaved: (id) => unsaved.has(id),
    soon,
    now,
    idle: async () => void (await saving),
    async stop() {
      stopping = true;
      await now();
    },
  };
}

/**
 * Removes saved objects from the unsaved ones. If an object was replaced while it was being saved,
 * the newer object stays unsaved.
 */
function clearSaved<T extends { readonly id: string }>(
  unsaved: Map<string, T>,
  saved: readonly T[],
): void {
  for (const one of saved) if (unsaved.get(one.id) === one) unsaved.delete(one.id);
}
