import type { Incident, Notification } from '../../model/incident.ts';
import type { Answer } from '../outbound/answer.ts';
import type { Guard } from '../outbound/guard.ts';

/** One configured destination of notifications. */
export interface Channel {
  name: string;
  kind: ChannelKind;
  url: string;
  /** webhook: key that signs the body; pagerduty: the integration's routing key. */
  secret: string;
  /** email: address of the sender. The addresses of the receivers are in `to`. */
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
 * Defines how notifications are sent to one kind of channel. A new kind needs a new file, and a
 * line in the table `RECEIVERS`.
 */
export interface Receiver {
  body(incident: Incident, event: NotificationEvent, link: string, channel: Channel): unknown;
  /**
   * Address of the service if it is the same for all customers. It is used for channels whose
   * settings name no address.
   */
  url?: string;
  /** Returns headers that are sent besides those that all kinds of channel have in common. */
  headers?(channel: Channel, notification: Notification, nowMs: number): Record<string, string>;
  /** Sends a notification in another way than by an HTTP POST of the body, as `email` does. */
  send?(guard: Guard, channel: Channel, notification: Notification): Promise<Answer>;
}
