import type { Receiver } from './channel.ts';
import { isoTime, textOf } from './text.ts';

export const alertmanager: Receiver = {
  body: (incident, event, link) => [
    {
      // Alertmanager identifies an alert by its labels. So the labels keep the incident's initial
      // values: with changed labels it would be another alert.
      labels: {
        alertname: incident.rule,
        severity: incident.parts[0]?.severity ?? incident.severity,
        flow_type: incident.flowType,
        environment: incident.environment,
        service: incident.service ?? '',
        step: incident.step ?? '',
      },
      annotations: { summary: textOf(incident, event) },
      startsAt: isoTime(incident.firstAt),
      ...(event === 'resolved' && { endsAt: isoTime(incident.resolvedAt ?? incident.lastAt) }),
      generatorURL: link,
    },
  ],
};
