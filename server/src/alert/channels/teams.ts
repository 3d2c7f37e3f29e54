import type { Receiver } from './channel.ts';
import { ackLinkOf, textOf } from './text.ts';

export const teams: Receiver = {
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
          actions: [
            { type: 'Action.OpenUrl', title: 'Open', url: link },
            ...acknowledge(ackLinkOf(incident, event, link)),
          ],
        },
      },
    ],
  }),
};

const acknowledge = (link: string | null): object[] =>
  link === null ? [] : [{ type: 'Action.OpenUrl', title: 'Acknowledge', url: link }];
