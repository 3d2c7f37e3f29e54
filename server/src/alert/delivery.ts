import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Incident, Notification } from '../model/incident.ts';
import { bodyOf, send, type Channel } from './channels/index.ts';
import type { Refusals } from './channels/refusals.ts';
import type { Incidents } from './incidents/index.ts';
import type { NotificationLog } from './notification-log.ts';
import type { Guard } from './outbound/guard.ts';
import type { Saver } from './saver.ts';
import type { StageDecision } from './stages.ts';
import { isUndecided } from './transitions.ts';

export interface DeliveryOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  random: () => number;
  guard: Guard;
  channels: ReadonlyMap<string, Channel>;
  notifications: NotificationLog;
  incidents: Pick<Incidents, 'get'>;
  refusals: Pick<Refusals, 'refused' | 'over'>;
  saver: Pick<Saver, 'now' | 'isUnsaved'>;
  /**
   * Returns the reason for holding or dropping a notification of this incident now; null if it may
   * be sent.
   */
  heldBy(incident: Incident, notification: Notification): StageDecision | null;
  linkTo(incident: Incident): string;
  onSent(notification: Notification): void;
}

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 600_000;
/**
 * Time after which an undelivered notification gets the state `dead` and is not sent any more, ms.
 */
const GIVE_UP_MS = 24 * 3_600_000;
const MAX_ERROR_CHARACTERS = 500;

/**
 * Returns a function that makes one attempt to deliver a notification: it composes the body, saves
 * the notification, sends it and records the response.
 */
export function createDelivery(options: DeliveryOptions): (id: string) => Promise<void> {
  const { clock, counters, channels, notifications, incidents, refusals, saver } = options;
  const drop = (id: string, reason: string): void =>
    void notifications.move(id, { kind: 'dropped', reason });

  const compose = (notification: Notification, channel: Channel): boolean => {
    const { id, incidentId, event } = notification;
    const incident = incidents.get(incidentId);
    if (incident === undefined) return (drop(id, 'the incident is gone'), false);
    if (incident.status === 'resolved' && event !== 'resolved')
      return (drop(id, 'resolved before it was sent'), false);
    const hold = event === 'resolved' ? null : options.heldBy(incident, notification);
    if (hold !== null) {
      if (hold.until === null) drop(id, hold.reason);
      else notifications.move(id, { kind: 'held', reason: hold.reason, untilMs: hold.until });
      return false;
    }
    const body = bodyOf(channel, incident, event, options.linkTo(incident));
    notifications.move(id, { kind: 'composed', body });
    return true;
  };
  const giveUp = ({ id, channel }: Notification, why: string): void => {
    counters.add('fermata_notifications_dead_total');
    options.log.error({ channel, reason: why }, 'a notification was not taken, and will not be');
    const error = why.slice(0, MAX_ERROR_CHARACTERS);
    refusals.refused(channel, error);
    notifications.move(id, { kind: 'refused', error });
  };
  const retry = (notification: Notification, why: string, afterMs: number | null): void => {
    const { id, channel, attempts, createdAt } = notification;
    if (clock.now() - createdAt >= GIVE_UP_MS) return giveUp(notification, why);
    const backoff = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
    const wait = Math.min(
      GIVE_UP_MS,
      Math.max(afterMs ?? 0, backoff * (0.5 + options.random() / 2)),
    );
    counters.add('fermata_notification_retries_total');
    const error = why.slice(0, MAX_ERROR_CHARACTERS);
    refusals.refused(channel, error);
    notifications.move(id, { kind: 'failed', error, untilMs: clock.now() + wait });
  };
  const attempt = async (notification: Notification, channel: Channel): Promise<void> => {
    try {
      const { status, retryAfterMs } = await send(
        options.guard,
        channel,
        notification,
        clock.now(),
      );
      if (status >= 200 && status < 300) {
        counters.add('fermata_notifications_sent_total');
        refusals.over(channel.name);
        options.onSent(notifications.move(notification.id, { kind: 'sent' }));
      } else if (status >= 300 && status < 400)
        giveUp(notification, `answered ${status}; redirects are not followed`);
      else if (isRefusal(status)) giveUp(notification, `answered ${status}`);
      else retry(notification, `answered ${status}`, retryAfterMs);
    } catch (error) {
      if (error instanceof FermataError && error.code === 'alert.refused')
        giveUp(notification, error.message);
      else retry(notification, messageOf(error), null);
    }
  };
  return async (id) => {
    const notification = notifications.all.get(id);
    if (notification === undefined || !isUndecided(notification)) return;
    const channel = channels.get(notification.channel);
    if (channel === undefined) return drop(id, 'the channel is gone');
    if (notification.body === '' && !compose(notification, channel)) return;
    // Save the notification before sending it. If the process crashes after the save, the next
    // start sends the notification with the same key, possibly a second time. If it crashes before
    // the save, nothing was sent.
    await saver.now();
    if (saver.isUnsaved(id))
      return void notifications.move(id, {
        kind: 'postponed',
        untilMs: clock.now() + FIRST_RETRY_MS,
      });
    await attempt(notifications.all.get(id)!, channel);
    await saver.now();
  };
}

/**
 * Returns whether the status means a permanent refusal. 408 (timeout) and 429 (too many requests)
 * are temporary, so they are retried.
 */
const isRefusal = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 429;
