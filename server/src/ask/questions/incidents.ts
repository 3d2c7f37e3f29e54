import { z } from 'zod';
import type { Incident, IncidentList, List, Notification } from '../../contract/index.ts';
import { age, counted } from '../../words/index.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';
import { alertingOf, noteLines, type Alerting } from './told.ts';

export const incidents = question({
  name: 'incidents',
  help: 'Lists incidents: what is wrong, since when, for how many flows, whether somebody knows; or one incident with its notes and who was told.',
  position: 'id',
  input: z.object({
    id: z.string().optional().describe('Only this incident, in full'),
    status: z.enum(['open', 'resolved']).optional().describe('Only incidents of this status'),
    limit: z.number().int().min(1).max(200).default(20).describe('Most incidents listed'),
  }),
  async ask(client, { id, status, limit }, nowMs) {
    if (id !== undefined) {
      const of = { incidentId: id, limit: 1000 };
      const [incident, alerting, told] = await Promise.all([
        client.get<Incident>(`/api/v1/incidents/${encodeURIComponent(id)}`),
        alertingOf(client),
        client.get<List<Notification>>('/api/v1/alerts/notifications', of),
      ]);
      const { items: notifications, incomplete } = told;
      return {
        data: { incident, notifications, incomplete, alerting },
        link: `${client.url}/incidents/${encodeURIComponent(incident.id)}`,
        text: () => oneText(incident, told, alerting, nowMs),
      };
    }
    const [list, alerting] = await Promise.all([
      client.get<IncidentList>('/api/v1/incidents', { status, limit }),
      alertingOf(client),
    ]);
    return {
      data: {
        total: list.total,
        alerting,
        incidents: list.items.map(({ trend: _, keys: __, parts: ___, ...incident }) => incident),
      },
      link: `${client.url}/incidents`,
      text: () =>
        [listText(list, nowMs), ...(list.total > 0 ? noteLines(alerting) : [])].join('\n'),
    };
  },
});

function listText({ items, total }: IncidentList, nowMs: number): string {
  if (total === 0) return 'There are no incidents.';
  const rows = table(items, [
    { title: 'incident', of: ({ title }) => title, most: 72 },
    { title: 'at', of: ({ place }) => place ?? '', most: 40 },
    { title: 'severity', of: ({ severity }) => severity },
    { title: 'status', of: ({ status, ack }) => (ack === null ? status : `${status}, known`) },
    { title: 'flows', of: ({ openCount, count }) => `${openCount} of ${count}`, isRight: true },
    { title: 'since', of: ({ firstAt }) => `${age(nowMs - Date.parse(firstAt))} ago` },
    { title: 'id', of: ({ id }) => id },
  ]);
  const more = total - items.length;
  const causes = items.flatMap(({ title, cause, status }) =>
    cause === null || status !== 'open' ? [] : [`${title}: ${cause}`],
  );
  return [
    ...rows,
    ...(more > 0 ? [counted(more, 'more incident')] : []),
    ...(causes.length > 0 ? ['', ...causes] : []),
  ].join('\n');
}

function oneText(
  incident: Incident,
  { items: notifications, incomplete }: List<Notification>,
  alerting: Alerting,
  nowMs: number,
): string {
  const { openCount, count, resolvedAt, lasting } = incident;
  const untilMs = resolvedAt === null ? nowMs : Date.parse(resolvedAt);
  const lasted = age(untilMs - Date.parse(incident.firstAt));
  const flows = lasting
    ? `${openCount} of ${counted(count, 'flow')} still in it`
    : counted(count, 'flow');
  const worth = !incident.value ? '' : `, worth ${incident.value}`;
  return [
    incident.title,
    `${incident.severity}, ${incident.status}; lasted ${lasted}; ${flows}${worth}`,
    ...(incident.cause === null
      ? []
      : [`Suspected cause${resolvedAt === null ? '' : ' when it was open'}: ${incident.cause}`]),
    ...(incident.ack === null ? [] : [`Acknowledged ${incident.ack.at} ${incident.ack.note}`]),
    ...incident.notes.map(({ at, text }) => `${at.slice(0, 19)}  ${text}`),
    `For example: ${incident.exampleFlowIds.slice(0, 5).join(', ')}`,
    '',
    ...(notifications.length > 0 ? [] : [nobodyText(alerting, incomplete)]),
    ...table(notifications, [
      { title: 'told', of: ({ createdAt }) => createdAt.slice(0, 19) },
      { title: 'channel', of: ({ channel }) => channel },
      { title: 'event', of: ({ event }) => event },
      { title: 'state', of: ({ state }) => state },
      { title: 'because', of: ({ reason, lastError }) => lastError || reason, most: 70 },
    ]),
    ...(incomplete && notifications.length > 0 ? ['Older notifications are not listed.'] : []),
  ].join('\n');
}

function nobodyText({ note }: Alerting, incomplete: boolean): string {
  if (incomplete) return 'Who was told is not known: notifications that old are no longer kept.';
  return note ?? 'Nobody was told of it.';
}
