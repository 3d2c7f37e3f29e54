import type { Clock } from '../base/clock.ts';
import type { Notification } from '../model/incident.ts';
import {
  isUndecided,
  moved,
  newNotification,
  type NewNotification,
  type Transition,
} from './transitions.ts';

/**
 * Keeps all notifications in memory, up to a maximum number. Notifications are immutable: a
 * transition replaces a notification by a new object.
 */
export interface NotificationLog {
  readonly all: ReadonlyMap<string, Notification>;
  /** Time when the newest of those was made that are no longer kept, epoch ms; null if all are. */
  readonly forgottenAt: number | null;
  load(notifications: readonly Notification[]): void;
  add(fields: NewNotification): Notification;
  move(id: string, transition: Transition): Notification;
}

export const MAX_NOTIFICATIONS = 10_000;

export function createNotificationLog(
  clock: Clock,
  onChanged: (notification: Notification) => void,
): NotificationLog {
  const all = new Map<string, Notification>();
  let forgottenAt: number | null = null;
  /**
   * Adds a notification. If there are too many, removes the oldest notification whose state is
   * final.
   */
  const keep = (notification: Notification): void => {
    all.set(notification.id, notification);
    if (all.size <= MAX_NOTIFICATIONS) return;
    for (const [id, old] of all) {
      if (isUndecided(old)) continue;
      all.delete(id);
      forgottenAt = Math.max(forgottenAt ?? 0, old.createdAt);
      break;
    }
  };
  return {
    all,
    get forgottenAt() {
      return forgottenAt;
    },
    load(notifications) {
      // The store gives the newest first. The oldest have to be the first that are removed.
      const loaded = [...notifications].sort((a, b) => a.createdAt - b.createdAt);
      for (const notification of loaded) keep(notification);
      // If the store may have more, they are older than the oldest one whose state is final.
      const oldest = loaded.find((one) => !isUndecided(one));
      if (loaded.length >= MAX_NOTIFICATIONS && oldest)
        forgottenAt = Math.max(forgottenAt ?? 0, oldest.createdAt);
    },
    add(fields) {
      const notification = newNotification(fields, clock.now());
      keep(notification);
      onChanged(notification);
      return notification;
    },
    move(id, transition) {
      const notification = moved(all.get(id)!, transition, clock.now());
      all.set(id, notification);
      onChanged(notification);
      return notification;
    },
  };
}
