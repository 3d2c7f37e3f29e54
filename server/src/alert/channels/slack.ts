import type { Receiver } from './channel.ts';
import { ackLinkOf, textOf } from './text.ts';

export const slack: Receiver = {
  body: (incident, event, link) => ({
    text: `${event === 'resolved' ? ':white_check_mark:' : ':rotating_light:'} ${escapeSlack(textOf(incident, event))} <${link}|Open>${acknowledge(ackLinkOf(incident, event, link))}`,
  }),
};

const escapeSlack = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
const acknowledge = (link: string | null): string =>
  link === null ? '' : ` · <${link}|Acknowledge>`;
