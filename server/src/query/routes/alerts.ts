import type { Request, Response } from 'express';
import { z } from 'zod';
import { cutTo } from '../../base/lists.ts';
import type { QueryRule } from '../../model/query-rule.ts';
import { presentNotification, presentSilence } from '../present.ts';
import { missing, nameOf, read, type QueryContext, type Route } from '../route.ts';

const notificationsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
const silenceBody = z.strictObject({
  rule: z.string().max(100).default(''),
  flowType: z.string().max(300).default(''),
  service: z.string().max(300).default(''),
  minutes: z.number().min(1).max(43_200).describe('How long, from now'),
  comment: z.string().max(2000).default(''),
});

/** Routes for notifications, silences, channels and the operator's own alert rules. */
export const ALERT_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/alerts/notifications',
    scope: 'read',
    summary: 'What people were told, or why not',
    query: notificationsQuery,
    handle: listNotifications,
  },
  { path: '/api/v1/alerts/silences', scope: 'read', summary: 'Silences', handle: listSilences },
  {
    method: 'post',
    path: '/api/v1/alerts/silences',
    scope: 'admin',
    summary: 'Tell nobody of matching incidents for a time',
    body: silenceBody,
    handle: addSilence,
  },
  {
    method: 'post',
    path: '/api/v1/alerts/silences/{id}/end',
    scope: 'admin',
    summary: 'End a silence now',
    handle: endSilence,
  },
  {
    path: '/api/v1/alerts/channels',
    scope: 'read',
    summary: 'Alert channels',
    handle: listChannels,
  },
  {
    method: 'post',
    path: '/api/v1/alerts/channels/{name}/test',
    scope: 'admin',
    summary: 'Send a test through a channel',
    handle: testChannel,
  },
  {
    path: '/api/v1/alerts/rules',
    scope: 'read',
    summary: "The operator's own rules, from FERMATA_ALERTS",
    handle: (context, _request, response) =>
      void response.json({ items: context.rules.map(presentRule) }),
  },
];

async function listNotifications(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { limit } = read(notificationsQuery, request.query);
  const { items, incomplete } = cutTo(await context.alerts.notifications(limit + 1), limit);
  response.json({ items: items.map(presentNotification), incomplete });
}

function listSilences(context: QueryContext, _request: Request, response: Response): void {
  response.json({ items: context.alerts.silences().map(presentSilence) });
}

async function addSilence(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const { minutes, ...fields } = read(silenceBody, request.body ?? {});
  const until = context.clock.now() + minutes * 60_000;
  response.status(201).json(presentSilence(await context.alerts.silence({ ...fields, until })));
}

async function endSilence(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  const id = nameOf(request, 'id');
  response.json(presentSilence((await context.alerts.endSilence(id)) ?? missing('silence', id)));
}

function listChannels(context: QueryContext, _request: Request, response: Response): void {
  response.json({ items: context.alerts.channels() });
}

async function testChannel(
  context: QueryContext,
  request: Request,
  response: Response,
): Promise<void> {
  await context.alerts.test(nameOf(request, 'name'));
  response.json({ ok: true });
}

const presentRule = ({ name, text, severity, forMs }: QueryRule): object => ({
  name,
  query: text,
  severity,
  forMs,
});
