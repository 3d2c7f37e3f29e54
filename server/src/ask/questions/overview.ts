import { z } from 'zod';
import type { Health, Held, Incident, IncidentList, Overview } from '../../contract/index.ts';
import { age, counted, duration } from '../../words/index.ts';
import { queryOf } from '../client.ts';
import { FILTER, fromOf } from '../filter.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';
import { alertingOf, noteLines, type Alerting } from './told.ts';

/** Versions that the text lists, and other changes: the newest of each. */
const MAX_VERSIONS = 20;
const MAX_CHANGES = 20;

export const overview = question({
  name: 'overview',
  help: 'Says what is wrong now: what is stuck or late and why, open incidents, silent services, flow types, and whether Fermata itself is well.',
  input: z.object({
    environment: FILTER.environment,
    since: z
      .string()
      .default('1h')
      .describe('Time that counts of started flows cover: 15m, 2h, 7d'),
  }),
  async ask(client, { environment, since }, nowMs) {
    const asked = fromOf({ since }, nowMs);
    const [now, incidents, health, alerting] = await Promise.all([
      client.get<Overview>('/api/v1/overview', { environment, from: asked }),
      client.get<IncidentList>('/api/v1/incidents', { status: 'open', limit: 200 }),
      client.get<Health>('/api/v1/health'),
      alertingOf(client),
    ]);
    const named = (environment ?? '').split(',').filter((one) => one !== '');
    const isAsked = (incident: Incident): boolean =>
      named.length === 0 || named.includes(incident.environment);
    const inScope = incidents.items.filter(isAsked);
    const open = inScope.map(({ id, title, severity, openCount, firstAt, cause }) => ({
      ...{ id, title, severity, openCount, firstAt, cause, link: `${client.url}/incidents/${id}` },
    }));
    const { slots, from, to, trend, types, ...rest } = now;
    const slotMs = (Date.parse(to) - Date.parse(from)) / slots;
    return {
      data: {
        ...{ ...rest, to, slotMs, changes: trend.annotations },
        types: types.map(({ started: __, ...type }) => type),
        openIncidents: open,
        alerting,
        fermata: { ready: health.ready, conditions: health.conditions },
      },
      link: `${client.url}/${queryOf({ environment, range: since })}`,
      text: () => textOf(now, open, health, alerting, nowMs),
    };
  },
});

type Told = Pick<Incident, 'id' | 'severity' | 'title' | 'openCount' | 'firstAt' | 'cause'>;

function textOf(
  now: Overview,
  incidents: readonly Told[],
  health: Health,
  alerting: Alerting,
  nowMs: number,
): string {
  const { stuck, late, open, started, failed } = now;
  const young = now.types.filter(({ isYoung }) => isYoung).length;
  const lines = [
    `${counted(stuck, 'flow')} stuck, ${late} late, ${open} open;` +
      ` ${started} started, ${failed} of them failed.`,
    ...(young > 0
      ? [`${counted(young, 'flow type')} too young to know what is missing from their flows.`]
      : []),
    ...health.conditions.map(({ text, hint }) => `Fermata itself: ${text} ${hint}`),
    ...now.silent.map(
      ({ service, lastSeenAt }) =>
        `${service} is silent for ${age(nowMs - Date.parse(lastSeenAt))}.`,
    ),
  ];
  const causes = incidents.flatMap(({ title, cause }) =>
    cause === null ? [] : [`${title}: ${cause}`],
  );
  const { annotations } = now.trend;
  const versions = annotations.filter(({ kind }) => kind === 'version').slice(-MAX_VERSIONS);
  const others = annotations.filter(({ kind }) => kind !== 'version').slice(-MAX_CHANGES);
  const told = annotations.filter((one) => versions.includes(one) || others.includes(one));
  const untold = annotations.length - told.length;
  const changes = [
    ...(untold > 0 ? [`${counted(untold, 'more change')}: --json`] : []),
    ...told.map(({ at, kind, text }) => `${at.slice(0, 19)}  ${kind}  ${text}`),
  ];
  const part = (rows: string[]): string[] => (rows.length === 0 ? [] : ['', ...rows]);
  return [
    ...lines,
    ...part(heldRows(now, nowMs)),
    ...part(incidentRows(incidents, nowMs)),
    ...(incidents.length > 0 ? noteLines(alerting) : []),
    ...part(causes),
    ...part(typeRows(now)),
    ...part(changes),
  ].join('\n');
}

function heldRows(now: Overview, nowMs: number): string[] {
  return table(now.held, [
    {
      title: 'waits for',
      of: ({ step, service }: Held) => (service === '' ? step : `${step} by ${service}`),
    },
    { title: 'stuck', of: (one) => String(one.stuck), isRight: true },
    { title: 'late', of: (one) => String(one.late), isRight: true },
    { title: 'since', of: (one) => `${age(nowMs - Date.parse(one.since))} ago` },
    { title: 'gone', of: ({ drainedAt }) => (drainedAt === null ? '' : drainedAt.slice(11, 19)) },
    { title: 'all', of: ({ q }) => `fermata find '${q}'`, most: 60 },
  ]);
}

function incidentRows(incidents: readonly Told[], nowMs: number): string[] {
  return table(incidents, [
    { title: 'incident', of: ({ title }) => title, most: 70 },
    { title: 'severity', of: ({ severity }) => severity },
    { title: 'flows', of: ({ openCount }) => String(openCount), isRight: true },
    { title: 'since', of: ({ firstAt }) => `${age(nowMs - Date.parse(firstAt))} ago` },
    { title: 'id', of: ({ id }) => id },
  ]);
}

function typeRows(now: Overview): string[] {
  return table(now.types, [
    { title: 'flow type', of: ({ type }) => type },
    { title: 'started', of: ({ flows }) => String(flows), isRight: true },
    { title: 'failed', of: (type) => String(type.failed), isRight: true },
    { title: 'open', of: (type) => String(type.open), isRight: true },
    { title: 'stuck', of: (type) => String(type.stuck), isRight: true },
    { title: 'p50', of: ({ p50Ms }) => duration(p50Ms), isRight: true },
    { title: 'p95', of: ({ p95Ms }) => duration(p95Ms), isRight: true },
    {
      title: 'p95 before',
      of: ({ usualP95Ms }) => (usualP95Ms === null ? 'none' : duration(usualP95Ms)),
      isRight: true,
    },
  ]);
}
