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
  /** email: address of the sender; `to` has the receivers. */
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
 * Says how one kind of channel expects its notifications. A new kind is a new file and a line of
 * the table.
 */
export interface Receiver {
  body(incident: Incident, event: NotificationEvent, link: string, channel: Channel): unknown;
  /** Fixed address, for a service that has one for all customers. */
  url?: string;
  /** Adds headers to those that every kind sends. */
  headers?(channel: Channel, notification: Notification, nowMs: number): Record<string, string>;
  /** Replaces the POST of the body. */
  send?(guard: Guard, channel: Channel, notification: Notification): Promise<Answer>;
}
