import { flowTypesOf } from '../../model/incident.ts';
import type { Receiver } from './channel.ts';
import { isoTime, textOf } from './text.ts';

export const pagerduty: Receiver = {
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
      timestamp: isoTime(incident.firstAt),
      group: flowTypesOf(incident).join(', ').slice(0, 1024),
      class: incident.rule,
    },
  }),
};
