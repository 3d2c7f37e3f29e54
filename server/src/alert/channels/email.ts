import type { Receiver } from './channel.ts';
import { ackLinkOf, textOf } from './text.ts';

export const email: Receiver = {
  body: (incident, event, link) => ({
    subject: `${event === 'resolved' ? 'Resolved' : incident.severity}: ${incident.title}`.slice(
      0,
      200,
    ),
    text: [textOf(incident, event), '', link, ...acknowledgeIn(ackLinkOf(incident, event, link))]
      .join('\n')
      .concat('\n'),
  }),
  send(guard, { url, from, to }, { id, body }) {
    const { subject, text } = JSON.parse(body) as { subject: string; text: string };
    return guard.mail(url, { from, to, subject, text, key: id });
  },
};

const acknowledgeIn = (link: string | null): string[] =>
  link === null ? [] : ['', `Acknowledge: ${link}`];
