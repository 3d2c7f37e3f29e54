import type { Incident, Notification } from '../../model/incident.ts';
import type { Answer } from '../outbound/answer.ts';
import type { Guard } from '../outbound/guard.ts';

/** Where people are told of incidents. */
export interface Channel {
  name: string;
  kind: ChannelKind;
  url: string;
  /** webhook: signs the body; pagerduty: the integration's routing key. */
  secret: string;
  /** email: sender and receivers. */
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

/** How one kind of receiver wants to be told. A new kind is a new file and a line of the table. */
export interface Receiver {
  body(incident: Incident, event: NotificationEvent, link: string, channel: Channel): unknown;
  /** Where it has one address for everybody. */
  url?: string;
  /** Besides those that every receiver gets. */
  headers?(channel: Channel, notification: Notification, nowMs: number): Record<string, string>;
  /** Instead of a POST of the body. */
  send?(guard: Guard, channel: Channel, notification: Notification): Promise<Answer>;
}
