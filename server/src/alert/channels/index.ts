import type { Incident, Notification } from '../../model/incident.ts';
import type { Answer } from '../outbound/answer.ts';
import type { Guard } from '../outbound/guard.ts';
import { alertmanager } from './alertmanager.ts';
import type { Channel, ChannelKind, NotificationEvent, Receiver } from './channel.ts';
import { email } from './email.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { teams } from './teams.ts';
import { webhook } from './webhook.ts';

export { CHANNEL_KINDS, type Channel } from './channel.ts';

const RECEIVERS: Record<ChannelKind, Receiver> = {
  webhook,
  slack,
  teams,
  pagerduty,
  email,
  alertmanager,
};

/**
 * Returns the body of a notification for this channel. Equal arguments give equal bytes, so that a
 * retry sends the same body again.
 */
export const bodyOf = (
  channel: Channel,
  incident: Incident,
  event: NotificationEvent,
  link: string,
): string => JSON.stringify(RECEIVERS[channel.kind].body(incident, event, link, channel));

/** Sends a notification through the guard, by the means of the channel's kind. */
export function send(
  guard: Guard,
  channel: Channel,
  notification: Notification,
  nowMs: number,
): Promise<Answer> {
  const receiver = RECEIVERS[channel.kind];
  if (receiver.send !== undefined) return receiver.send(guard, channel, notification);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Fermata',
    'idempotency-key': notification.id,
    ...receiver.headers?.(channel, notification, nowMs),
  };
  return guard.post(channel.url || (receiver.url ?? ''), headers, notification.body);
}
