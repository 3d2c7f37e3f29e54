import type { Incident, Notification } from '../model/incident.ts';

/**
 * States of a notification. The possible transitions are:
 *
 * waiting → (held until) → pending → sent → repeating, dropped(reason), dead(reason)
 *
 * "Repeating" is not a state of its own. While the incident is open, a sent notification has a
 * deadline, at which another notification is created (`notifier.ts`).
 */
export type NotificationState = Notification['state'];

export type Transition =
  /** A stage holds the notification. The stages are called again at `untilMs`. */
  | { kind: 'held'; reason: string; untilMs: number }
  /** The body of the notification was composed. It does not change any more. */
  | { kind: 'composed'; body: string }
  /** The notification could not be saved, and was therefore not sent. */
  | { kind: 'postponed'; untilMs: number }
  | { kind: 'sent' }
  /** The channel did not accept the notification. The delivery is retried at `untilMs`. */
  | { kind: 'failed'; error: string; untilMs: number }
  /** The channel did not accept the notification, and retrying is useless. */
  | { kind: 'refused'; error: string }
  /**
   * The notification is not sent, for example because its channel is gone or the incident has
   * resolved.
   */
  | { kind: 'dropped'; reason: string };

const UNDECIDED: readonly NotificationState[] = ['waiting', 'pending'];
const TABLE: Record<
  Transition['kind'],
  { from: readonly NotificationState[]; to: NotificationState }
> = {
  held: { from: ['waiting'], to: 'waiting' },
  composed: { from: UNDECIDED, to: 'pending' },
  postponed: { from: ['pending'], to: 'pending' },
  sent: { from: ['pending'], to: 'sent' },
  failed: { from: ['pending'], to: 'pending' },
  refused: { from: ['pending'], to: 'dead' },
  dropped: { from: UNDECIDED, to: 'dropped' },
};

/** Returns whether the notification may still be sent, because it is waiting or pending. */
export const isUndecided = ({ state }: Pick<Notification, 'state'>): boolean =>
  UNDECIDED.includes(state);

export type NewNotification = Pick<Notification, 'id' | 'event' | 'channel' | 'reason'> & {
  incident: Pick<Incident, 'id'>;
  waitMs: number;
};

/**
 * Creates a notification. A notification that the incident has resolved is pending from the
 * beginning, because no stage may hold it.
 */
export function newNotification(
  { incident, waitMs, ...rest }: NewNotification,
  nowMs: number,
): Notification {
  return {
    ...rest,
    incidentId: incident.id,
    state: rest.event === 'resolved' ? 'pending' : 'waiting',
    attempts: 0,
    createdAt: nowMs,
    nextAt: nowMs + waitMs,
    lastError: '',
    body: '',
    version: nowMs * 1000,
  };
}

/**
 * Returns the notification after a transition. Throws if its state does not allow this transition.
 */
export function moved(
  notification: Notification,
  transition: Transition,
  nowMs: number,
): Notification {
  const { from, to } = TABLE[transition.kind];
  if (!from.includes(notification.state))
    throw new Error(`a notification that is ${notification.state} cannot be ${transition.kind}`);
  return {
    ...notification,
    ...fieldsOf(notification, transition, nowMs),
    state: to,
    version: Math.max(notification.version + 1, nowMs * 1000),
  };
}

function fieldsOf(
  { attempts, failedAt }: Notification,
  transition: Transition,
  nowMs: number,
): Partial<Notification> {
  switch (transition.kind) {
    case 'held':
      return { reason: transition.reason, nextAt: transition.untilMs };
    case 'composed':
      return { body: transition.body };
    case 'postponed':
      return { nextAt: transition.untilMs };
    case 'sent':
      return { attempts: attempts + 1, lastError: '' };
    case 'failed':
      return {
        attempts: attempts + 1,
        failedAt: failedAt ?? nowMs,
        lastError: transition.error,
        nextAt: transition.untilMs,
      };
    case 'refused':
      return { attempts: attempts + 1, failedAt: failedAt ?? nowMs, lastError: transition.error };
    case 'dropped':
      return { reason: transition.reason };
  }
}
