import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { FermataError } from '../base/errors.ts';
import { cutTo } from '../base/lists.ts';
import { FLOW_STATUSES } from '../contract/index.ts';
import type { Incident } from '../model/incident.ts';
import { metricsText } from './metrics.ts';
import {
  presentFlow,
  presentFlowType,
  presentHealth,
  presentIncident,
  presentNotification,
  presentService,
  presentSilence,
  presentSpan,
  summaryOf,
} from './present.ts';
import { KEPT_ROUTES } from './kept-routes.ts';
import { suggest } from './language.ts';
import { nameOf, read, type QueryContext, type Route } from './route.ts';
import { invalid, readSearch, searchSchema, writeCursor } from './search.ts';

const incidentsQuery = z.strictObject({
  status: z.enum(['open', 'resolved']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
const notificationsQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(200) });
const silenceBody = z.strictObject({
  rule: z.string().max(100).default(''),
  flowType: z.string().max(300).default(''),
  service: z.string().max(300).default(''),
  minutes: z.number().min(1).max(43_200).describe('How long, from now'),
  comment: z.string().max(2000).default(''),
});
const suggestQuery = z.strictObject({ q: z.string().max(500).default('') });
const noteBody = z.strictObject({ text: z.string().max(2000).default('') });

const readyAnswer = z.object({ ready: z.boolean(), problems: z.array(z.string()) });
const healthAnswer = z.object({
  ready: z.boolean().describe('Spans are taken'),
  conditions: z.array(
    z.object({
      id: z.string().describe('The same for as long as it lasts'),
      since: z.iso.datetime(),
      text: z.string(),
      hint: z.string().describe('What to do about it'),
      blocks: z.boolean().describe('Nothing is taken while it lasts'),
    }),
  ),
});

export const ROUTES: readonly Route[] = [
  {
    path: '/healthz',
    scope: 'none',
    summary: 'Alive',
    handle: (_context, _request, response) => void response.json({ ok: true }),
  },
  {
    path: '/readyz',
    scope: 'none',
    summary: 'Spans can be taken and stored now; 503 with `problems`, in words, where not',
    answer: readyAnswer,
    handle: readyz,
  },
  { path: '/metrics', scope: 'none', summary: 'OpenMetrics of this server', handle: metrics },
  {
    path: '/api/v1/health',
    scope: 'read',
    summary: 'What is wrong with Fermata itself now, the worst first, and what to do about it',
    answer: healthAnswer,
    handle: health,
  },
  { path: '/api/v1/about', scope: 'read', summary: 'This server, and how to send to it', handle: about },
  {
    path: '/api/v1/flows',
    scope: 'read',
    summary: 'Flows, newest first',
    query: searchSchema,
    handle: listFlows,
  },
  {
    path: '/api/v1/flows/{id}',
    scope: 'read',
    summary: 'One flow, by any name it has or had',
    handle: getFlow,
  },
  { path: '/api/v1/flows/{id}/spans', scope: 'read', summary: 'Its raw spans', handle: getSpans },
  {
    path: '/api/v1/flow-types/{type}/expectations',
    scope: 'read',
    summary: 'What was learned of a flow type: what follows what, how often, how long it takes',
    handle: expectationsOf,
  },
  {
    path: '/api/v1/incidents',
    scope: 'read',
    summary: 'Findings with one cause, newest first',
    query: incidentsQuery,
    handle: listIncidents,
  },
  { path: '/api/v1/incidents/{id}', scope: 'read', summary: 'One incident', handle: getIncident },
  ...(['ack', 'resolve', 'note'] as const).map((verb): Route => ({
    method: 'post',
    path: `/api/v1/incidents/{id}/${verb}`,
    scope: 'admin',
    summary: { ack: 'Acknowledge', resolve: 'Resolve by hand', note: 'Add a note' }[verb],
    body: noteBody,
    handle: (context, request, response) => editIncident(verb, context, request, response),
  })),
  {
    method: 'post',
    path: '/api/v1/incidents/{id}/accept',
    scope: 'admin',
    summary: 'What it misses comes no more, and that is right: it is not expected again until it comes again',
    body: noteBody,
    handle: acceptIncident,
  },
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
    path: '/api/v1/search/suggest',
    scope: 'read',
    summary: 'Completions of the last word of a query',
    query: suggestQuery,
    handle: suggestions,
  },
  { path: '/api/v1/alerts/channels', scope: 'read', summary: 'Alert channels', handle: listChannels },
  {
    method: 'post',
    path: '/api/v1/alerts/channels/{name}/test',
    scope: 'admin',
    summary: 'Send a test through a channel',
    handle: testChannel,
  },
  { path: '/api/v1/flow-types', scope: 'read', summary: 'Flow types with counts', handle: flowTypes },
  { path: '/api/v1/services', scope: 'read', summary: 'Services: who sends, who listens', handle: services },
  ...KEPT_ROUTES,
];

async function readyz(context: QueryContext, _request: Request, response: Response): Promise<void> {
  const problems = await context.ready();
  response.status(problems.length === 0 ? 200 : 503).json({ ready: problems.length === 0, problems });
}

function health(context: QueryContext, _request: Request, response: Response): void {
  response.json(presentHealth(context.conditions()));
}

function metrics(context: QueryContext, _request: Request, response: Response): void {
  response
    .type('application/openmetrics-text; version=1.0.0; charset=utf-8')
    .send(metricsText(context.counters.read()));
}

function about(context: QueryContext, _request: Request, response: Response): void {
  response.json(context.about());
}

async function listFlows(context: QueryContext, request: Request, response: Response): Promise<void> {
  const search = readSearch(request.query, context.clock.now());
  const isAsked = ({ status, key }: Incident): boolean => status === 'open' && search.incidents?.[0] === key;
  const keys = search.incidents && context.alerts.incidents().find(isAsked)?.keys;
  const page = await context.store.listFlows({ ...search, ...(keys && { incidents: [...keys] }) });
  response.json({
    items: page.items.map((row) => summaryOf(row.flow, row.version, row.stepCount)),
    nextCursor: page.next ? writeCursor(page.next.started, page.next.id) : null,
    total: page.total,
    incomplete: page.items.some((row) => row.flow.incomplete),
  });
}

function expectationsOf(context: QueryContext, request: Request, response: Response): void {
  const type = nameOf(request, 'type');
  const items = context.expectations.inspect(type);
  if (items.length === 0) throw notFound(type);
  response.json({ type, items });
}

function listIncidents(context: QueryContext, request: Request, response: Response): void {
  const { status, limit } = read(incidentsQuery, request.query);
  const all = context.alerts.incidents().filter((one) => status === undefined || one.status === status);
  const { items, incomplete } = cutTo(all, limit);
  response.json({ items: items.map(presentIncident), total: all.length, incomplete });
}

function getIncident(context: QueryContext, request: Request, response: Response): void {
  const id = nameOf(request, 'id');
  response.json(presentIncident(context.alerts.incident(id) ?? missing('incident', id)));
}

function editIncident(
  verb: 'ack' | 'resolve' | 'note',
  context: QueryContext,
  request: Request,
  response: Response,
): void {
  const id = nameOf(request, 'id');
  const { text } = read(noteBody, request.body ?? {});
  const edit = { ack: 'acknowledge', resolve: 'resolve', note: 'note' } as const;
  response.json(presentIncident(context.alerts[edit[verb]](id, text) ?? missing('incident', id)));
}

async function acceptIncident(context: QueryContext, request: Request, response: Response): Promise<void> {
  const id = nameOf(request, 'id');
  const { text } = read(noteBody, request.body ?? {});
  const incident = context.alerts.incident(id) ?? missing('incident', id);
  const { environment } = incident;
  let accepted = 0;
  for (const part of incident.parts) if (await context.accept({ environment, ...part })) accepted++;
  if (accepted === 0)
    throw new FermataError('query.invalid', 'what this incident misses was not learned', {
      hint: 'Only a step that history says should come can be accepted as gone; change a definition instead.',
    });
  context.alerts.note(id, text || `accepted: ${incident.step ?? ''} is expected no more`);
  response.json(presentIncident(incident));
}

async function listNotifications(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { limit } = read(notificationsQuery, request.query);
  const { items, incomplete } = cutTo(await context.alerts.notifications(limit + 1), limit);
  response.json({ items: items.map(presentNotification), incomplete });
}

async function suggestions(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { q } = read(suggestQuery, request.query);
  const types = (await context.store.flowTypes()).items;
  const unique = (list: string[]): string[] => [...new Set(list)].sort();
  response.json({
    items: suggest(q, {
      type: unique(types.map((type) => type.type)),
      service: unique(types.flatMap((type) => type.services)),
      status: FLOW_STATUSES,
      step: await context.store.stepNames(),
    }),
  });
}

function listSilences(context: QueryContext, _request: Request, response: Response): void {
  response.json({ items: context.alerts.silences().map(presentSilence) });
}

async function addSilence(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { minutes, ...fields } = read(silenceBody, request.body ?? {});
  const until = context.clock.now() + minutes * 60_000;
  response.status(201).json(presentSilence(await context.alerts.silence({ ...fields, until })));
}

async function endSilence(context: QueryContext, request: Request, response: Response): Promise<void> {
  const id = nameOf(request, 'id');
  response.json(presentSilence((await context.alerts.endSilence(id)) ?? missing('silence', id)));
}

function listChannels(context: QueryContext, _request: Request, response: Response): void {
  response.json({ items: context.alerts.channels() });
}

async function testChannel(context: QueryContext, request: Request, response: Response): Promise<void> {
  await context.alerts.test(nameOf(request, 'name'));
  response.json({ ok: true });
}

const missing = (what: string, id: string): never => {
  throw new FermataError('query.not-found', `no ${what} is known as "${id.slice(0, 100)}"`, {
    hint: 'It may be older than what is kept.',
  });
};

const spansQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(10_000).default(2000) });

async function getFlow(context: QueryContext, request: Request, response: Response): Promise<void> {
  const id = await resolve(context, request, response, '');
  if (id === null) return;
  const row = await context.store.getFlow(id);
  if (row === null) throw notFound(id);
  response.json(presentFlow(row));
}

async function getSpans(context: QueryContext, request: Request, response: Response): Promise<void> {
  const parsed = spansQuery.safeParse(request.query);
  if (!parsed.success) throw invalid(parsed.error);
  const id = await resolve(context, request, response, '/spans');
  if (id === null) return;
  const { items, total, incomplete } = await context.store.spansOf(id, parsed.data.limit);
  response.json({
    items: items.map(presentSpan),
    total,
    truncated: items.length < total,
    incomplete: incomplete || context.store.isBehind,
  });
}

/** 308 to the canonical id, 300 with the list where several flows have the name; null when answered. */
async function resolve(
  context: QueryContext,
  request: Request,
  response: Response,
  suffix: string,
): Promise<string | null> {
  const name = String(request.params['id']);
  const found = await context.store.findFlow(name);
  const [only] = found;
  if (only === undefined) throw notFound(name);
  if (found.length > 1) {
    response
      .status(300)
      .type('application/problem+json')
      .json({
        type: 'about:blank',
        title: 'Several flows have this name',
        status: 300,
        code: 'query.ambiguous',
        detail: `${found.length} flows are known as "${name}"`,
        choices: found,
      });
    return null;
  }
  if (only !== name) {
    const query = request.originalUrl.split('?', 2)[1];
    response.redirect(308, `/api/v1/flows/${encodeURIComponent(only)}${suffix}${query ? `?${query}` : ''}`);
    return null;
  }
  return only;
}

const notFound = (name: string): FermataError =>
  new FermataError('query.not-found', `no flow is known as "${name.slice(0, 100)}"`, {
    hint: 'Names are flow ids, business keys, trace, span and message ids within the retention.',
  });

async function flowTypes(context: QueryContext, _request: Request, response: Response): Promise<void> {
  const { items, incomplete } = await context.store.flowTypes();
  response.json({ items: items.map(presentFlowType), incomplete });
}

async function services(context: QueryContext, _request: Request, response: Response): Promise<void> {
  const { items, incomplete } = await context.store.services();
  const wrong = context.wrongClocks();
  response.json({
    items: items.map((row) => presentService(row, wrong)),
    incomplete: incomplete || context.store.isBehind,
  });
}

/** express 5 spells parameters `:id`, OpenAPI `{id}`; the table has OpenAPI's. */
export const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');
export const handlerOf =
  (route: Route, context: QueryContext): RequestHandler =>
  async (request, response) => {
    await route.handle(context, request, response);
  };
