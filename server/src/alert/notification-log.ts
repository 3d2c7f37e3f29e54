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
      break;
    }
  };
  return {
    all,
    load(notifications) {
      for (const notification of notifications) keep(notification);
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
