import type { Request } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import { cutTo } from '../../base/lists.ts';
import { pick } from '../../base/pick.ts';
import type { AlertRoute, Channel, SilencePreview } from '../../contract/index.ts';
import type { Incident } from '../../model/incident.ts';
import { whole } from '../parameters.ts';
import { iso, presentNotification, presentSilence } from '../present.ts';
import {
  missing,
  nameOf,
  read,
  type AlertRouteState,
  type ChannelState,
  type QueryContext,
  type Reply,
  type Route,
} from '../route.ts';
import { checkNames } from '../silence-names.ts';

const notificationsQuery = z.strictObject({
  limit: whole(1, 1000).default(200),
  incidentId: z
    .string()
    .max(300)
    .optional()
    .describe('Only those of this incident, and of those that it was merged into'),
});
/** Maximum length of a silence, minutes: 30 days. */
const MAX_MINUTES = 43_200;
const scope = {
  rule: z.string().max(100).default(''),
  flowType: z.string().max(300).default(''),
  service: z.string().max(300).default(''),
  incidentId: z.string().max(300).default('').describe('Only this incident'),
};
const silenceBody = z.strictObject({
  ...scope,
  minutes: z.number().min(1).max(MAX_MINUTES).optional().describe('How long, from now'),
  untilResolved: z
    .boolean()
    .default(false)
    .describe('Until the incident resolves, for 30 days at most'),
  comment: z.string().max(2000).default(''),
});
const previewBody = silenceBody.partial().extend(scope);

/** Routes for notifications, silences and channels. */
export const ALERT_ROUTES: readonly Route[] = [
  {
    operation: 'listNotifications',
    path: '/api/v1/alerts/notifications',
    scope: 'read',
    summary: 'What people were told, or why not',
    query: notificationsQuery,
    handle: listNotifications,
  },
  {
    operation: 'listSilences',
    path: '/api/v1/alerts/silences',
    scope: 'read',
    summary: 'Silences',
    handle: listSilences,
  },
  {
    method: 'post',
    operation: 'addSilence',
    path: '/api/v1/alerts/silences',
    scope: 'admin',
    summary: 'Tell nobody of matching incidents for a time; names that do not exist are refused',
    isCreation: true,
    body: silenceBody,
    handle: addSilence,
  },
  {
    method: 'post',
    operation: 'previewSilence',
    path: '/api/v1/alerts/silences/preview',
    scope: 'read',
    summary: 'What a silence would hold back now',
    body: previewBody,
    handle: previewSilence,
  },
  {
    method: 'post',
    operation: 'endSilence',
    path: '/api/v1/alerts/silences/{id}/end',
    scope: 'admin',
    summary: 'End a silence now',
    handle: endSilence,
  },
  {
    operation: 'listChannels',
    path: '/api/v1/alerts/channels',
    scope: 'read',
    summary: 'Alert channels, and whether they deliver',
    handle: (context, _request, response) =>
      void response.json({ items: context.alerts.channels().map(presentChannel) }),
  },
  {
    operation: 'listAlertRoutes',
    path: '/api/v1/alerts/routes',
    scope: 'read',
    summary: 'Which incidents are told by which channels',
    handle: (context, _request, response) =>
      void response.json({ items: context.alerts.routes().map(presentRoute) }),
  },
  {
    method: 'post',
    operation: 'testChannel',
    path: '/api/v1/alerts/channels/{name}/test',
    scope: 'admin',
    summary: 'Send a test through a channel',
    errors: [400, 502],
    handle: testChannel,
  },
];

async function listNotifications(
  context: QueryContext,
  request: Request,
  response: Reply<'listNotifications'>,
): Promise<void> {
  const { limit, incidentId } = read(notificationsQuery, request.query);
  const found = await context.alerts.notifications(limit + 1, incidentId);
  const { items, incomplete } = cutTo(found, limit);
  const lacks = incidentId !== undefined && context.alerts.hasForgotten(incidentId);
  response.json({ items: items.map(presentNotification), incomplete: incomplete || lacks });
}

function listSilences(
  context: QueryContext,
  _request: Request,
  response: Reply<'listSilences'>,
): void {
  response.json({ items: context.alerts.silences().map(presentSilence) });
}

async function addSilence(
  context: QueryContext,
  request: Request,
  response: Reply<'addSilence'>,
): Promise<void> {
  const { minutes, ...fields } = read(silenceBody, request.body ?? {});
  if (minutes === undefined && !fields.untilResolved)
    throw new FermataError('query.invalid', 'a silence needs an end', {
      hint: 'Give minutes, or untilResolved for one incident.',
    });
  if (fields.untilResolved && fields.incidentId === '')
    throw new FermataError('query.invalid', 'untilResolved needs an incident', {
      hint: 'Give incidentId as well; all other silences end at a time.',
    });
  await checkNames(fields, context);
  const until = context.clock.now() + (minutes ?? MAX_MINUTES) * 60_000;
  response.status(201).json(presentSilence(await context.alerts.silence({ ...fields, until })));
}

async function previewSilence(
  context: QueryContext,
  request: Request,
  response: Reply<'previewSilence'>,
): Promise<void> {
  const { rule, flowType, service, incidentId } = read(previewBody, request.body ?? {});
  const names = { rule, flowType, service, incidentId };
  await checkNames(names, context);
  const { held, partly } = context.alerts.heldBack(names);
  response.json({
    flows: held.reduce((sum, { openCount }) => sum + openCount, 0),
    held: held.map(inShort),
    partly: partly.map(inShort),
  });
}

const inShort = ({ id, title, openCount }: Incident): SilencePreview['held'][number] => ({
  id,
  title,
  openCount,
});

async function endSilence(
  context: QueryContext,
  request: Request,
  response: Reply<'endSilence'>,
): Promise<void> {
  const id = nameOf(request, 'id');
  response.json(presentSilence((await context.alerts.endSilence(id)) ?? missing('silence', id)));
}

async function testChannel(
  context: QueryContext,
  request: Request,
  response: Reply<'testChannel'>,
): Promise<void> {
  await context.alerts.test(nameOf(request, 'name'));
  response.json({ ok: true });
}

const orNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));
const presentChannel = (channel: ChannelState): Channel => ({
  ...pick(channel, ['name', 'kind', 'address', 'lastError']),
  deliveredAt: orNull(channel.deliveredAt),
  refusingSince: orNull(channel.refusingSince),
});

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const timeOf = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
const presentRoute = (route: AlertRouteState): AlertRoute => ({
  severities: [...route.severities],
  rules: [...route.rules],
  types: [...route.types],
  services: [...route.services],
  channels: [...route.channels],
  groupWaitMs: route.groupWaitMs,
  repeatMs: route.repeatMs,
  escalate: route.escalate,
  mute: route.mute.map(({ days, fromMinute, toMinute, zone }) => ({
    days: days.map((day) => DAYS[day]!),
    from: timeOf(fromMinute),
    to: timeOf(toMinute),
    timezone: zone,
  })),
});
