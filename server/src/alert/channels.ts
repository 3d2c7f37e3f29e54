import { createHmac } from 'node:crypto';
import { flowTypesOf, type Incident, type Notification } from '../model/incident.ts';
import type { Answer } from './answer.ts';
import type { Guard } from './guard.ts';

/** How each kind of receiver wants to be told. A new kind is a new entry. */
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

export type ChannelKind = keyof typeof KINDS;

type Event = Notification['event'];
interface Kind {
  body(incident: Incident, event: Event, link: string, channel: Channel): unknown;
  /** Where it has one address for everybody. */
  url?: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const flows = (count: number): string => `${count} ${count === 1 ? 'flow' : 'flows'}`;

export function textOf(incident: Incident, event: Event): string {
  if (event === 'test') return 'Fermata: this is a test; the channel works.';
  if (event === 'repeated') return `Still: ${textOf(incident, 'opened')}`;
  if (incident.channel !== null) return textOfRefusal(incident, event);
  if (incident.foldedInto !== null)
    return `No incident of its own any more: ${incident.title} has the cause of another one that is open.`;
  if (event === 'resolved')
    return `Resolved: ${incident.title}. ${flows(incident.count)} had been affected since ${iso(incident.firstAt)}.`;
  return `${incident.title}. ${flows(incident.openCount)} affected since ${iso(incident.firstAt)}.${incident.cause ? ` ${incident.cause}` : ''}`;
}

const textOfRefusal = ({ title, cause, openCount, firstAt }: Incident, event: Event): string =>
  event === 'resolved'
    ? `Resolved: ${title}.`
    : `${title} since ${iso(firstAt)}; ${cause}. ${openCount === 1 ? '1 waits' : `${openCount} wait`} for it.`;

export const KINDS = {
  webhook: {
    body: (incident, event, link) => ({ version: 1, event, text: textOf(incident, event), link, incident }),
  },
  slack: {
    body: (incident, event, link) => ({
      text: `${event === 'resolved' ? ':white_check_mark:' : ':rotating_light:'} ${escapeSlack(textOf(incident, event))} <${link}|Open>`,
    }),
  },
  teams: {
    body: (incident, event, link) => ({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            body: [{ type: 'TextBlock', text: textOf(incident, event), wrap: true }],
            actions: [{ type: 'Action.OpenUrl', title: 'Open', url: link }],
          },
        },
      ],
    }),
  },
  pagerduty: {
    url: 'https://events.pagerduty.com/v2/enqueue',
    body: (incident, event, link, channel) => ({
      routing_key: channel.secret,
      event_action: event === 'resolved' ? 'resolve' : 'trigger',
      dedup_key: incident.id,
      links: [{ href: link, text: 'Fermata' }],
      payload: {
        summary: textOf(incident, event).slice(0, 1024),
        source: incident.service ?? incident.flowType,
        severity: incident.severity,
        timestamp: iso(incident.firstAt),
        group: flowTypesOf(incident).join(', ').slice(0, 1024),
        class: incident.rule,
      },
    }),
  },
  email: {
    body: (incident, event, link) => ({
      subject: `${event === 'resolved' ? 'Resolved' : incident.severity}: ${incident.title}`.slice(0, 200),
      text: `${textOf(incident, event)}\n\n${link}\n`,
    }),
  },
  alertmanager: {
    body: (incident, event, link) => [
      {
        // These identify it there: they are those that it opened with, whatever it grew to.
        labels: {
          alertname: incident.rule,
          severity: incident.parts[0]?.severity ?? incident.severity,
          flow_type: incident.flowType,
          environment: incident.environment,
          service: incident.service ?? '',
          step: incident.step ?? '',
        },
        annotations: { summary: textOf(incident, event) },
        startsAt: iso(incident.firstAt),
        ...(event === 'resolved' && { endsAt: iso(incident.resolvedAt ?? incident.lastAt) }),
        generatorURL: link,
      },
    ],
  },
} satisfies Record<string, Kind>;

const escapeSlack = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);

/** Through the guard, in the way of the channel's kind. */
export function send(
  guard: Guard,
  channel: Channel,
  notification: Notification,
  nowMs: number,
): Promise<Answer> {
  if (channel.kind !== 'email')
    return guard.post(urlOf(channel), headersOf(channel, notification, nowMs), notification.body);
  const { subject, text } = JSON.parse(notification.body) as { subject: string; text: string };
  return guard.mail(channel.url, {
    from: channel.from,
    to: channel.to,
    subject,
    text,
    key: notification.id,
  });
}

function urlOf(channel: Channel): string {
  const kind: Kind = KINDS[channel.kind];
  return channel.url || (kind.url ?? '');
}

/** Signed like GitHub's webhooks: the receiver computes the same over the raw body. */
function headersOf(channel: Channel, notification: Notification, nowMs: number): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  return {
    'content-type': 'application/json',
    'user-agent': 'Fermata',
    'idempotency-key': notification.id,
    ...(channel.kind === 'webhook' &&
      channel.secret !== '' && {
        'x-fermata-timestamp': timestamp,
        'x-fermata-signature': `sha256=${createHmac('sha256', channel.secret).update(`${timestamp}.${notification.body}`).digest('hex')}`,
      }),
  };
}
