import type { Incident, Notification } from '../../model/incident.ts';
import type { Answer } from '../outbound/answer.ts';
import type { Guard } from '../outbound/guard.ts';

/** A configured destination of notifications. */
export interface Channel {
  name: string;
  kind: ChannelKind;
  url: string;
  /** For a webhook, the key that signs the body. For PagerDuty, the integration's routing key. */
  secret: string;
  /** For email, the sender's address. The recipients' addresses are in `to`. */
  from: string;
  to: readonly string[];
}

export const CHANNEL_KINDS = [
  'webhook',
  'slack',
  'teams',
  'pagerduty',
  'email',
  'alertmanager',
] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export type NotificationEvent = Notification['event'];

/**
 * Defines how notifications are sent to one kind of channel. To add a kind, add a file and an entry
 * in the table `RECEIVERS`.
 */
export interface Receiver {
  body(incident: Incident, event: NotificationEvent, link: string, channel: Channel): unknown;
  /**
   * URL of the service, if all customers use the same one. It is used if a channel's settings
   * contain no URL.
   */
  url?: string;
  /** Returns additional headers for this kind of channel. */
  headers?(channel: Channel, notification: Notification, nowMs: number): Record<string, string>;
  /** Sends a notification by other means than an HTTP POST, as `email` does. */
  send?(guard: Guard, channel: Channel, notification: Notification): Promise<Answer>;
}
