import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import type { About } from '../contract/index.ts';
import type { Store } from '../store/index.ts';
import { metricsText } from './metrics.ts';
import { presentFlow, presentFlowType, presentService, presentSpan, summaryOf } from './present.ts';
import { invalid, readSearch, searchSchema, writeCursor } from './search.ts';

export interface QueryContext {
  store: Store;
  clock: Clock;
  counters: Counters;
  about(): About;
  ready(): Promise<string[]>;
}

/** One line per route. `scope` is what a key will need once there are keys; `none` is open to everyone. */
export interface Route {
  path: string;
  scope: 'none' | 'read';
  summary: string;
  query?: z.ZodObject;
  handle: (context: QueryContext, request: Request, response: Response) => Promise<void> | void;
}

export const ROUTES: readonly Route[] = [
  {
    path: '/healthz',
    scope: 'none',
    summary: 'Alive',
    handle: (_context, _request, response) => void response.json({ ok: true }),
  },
  { path: '/readyz', scope: 'none', summary: 'Store open, intake below its high-water mark', handle: readyz },
  { path: '/metrics', scope: 'none', summary: 'OpenMetrics of this server', handle: metrics },
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
  { path: '/api/v1/flow-types', scope: 'read', summary: 'Flow types with counts', handle: flowTypes },
  { path: '/api/v1/services', scope: 'read', summary: 'Services: who sends, who listens', handle: services },
];

async function readyz(context: QueryContext, _request: Request, response: Response): Promise<void> {
  const problems = await context.ready();
  response.status(problems.length === 0 ? 200 : 503).json({ ready: problems.length === 0, problems });
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
  const search = readSearch(request.query);
  const page = await context.store.listFlows(search);
  const last = page.items.length === search.limit ? page.items[page.items.length - 1] : undefined;
  response.json({
    items: page.items.map((row) => summaryOf(row.flow, row.version, row.stepCount)),
    nextCursor: last ? writeCursor(last.flow.started, last.flow.id) : null,
    total: page.total,
    incomplete: page.items.some((row) => row.flow.incomplete),
  });
}

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
  const spans = await context.store.spansOf(id, parsed.data.limit);
  response.json({
    items: spans.map(presentSpan),
    total: spans.length,
    truncated: spans.length === parsed.data.limit,
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
  response.json({ items: (await context.store.flowTypes()).map(presentFlowType) });
}

async function services(context: QueryContext, _request: Request, response: Response): Promise<void> {
  response.json({ items: (await context.store.services()).map(presentService) });
}

/** express 5 spells parameters `:id`, OpenAPI `{id}`; the table has OpenAPI's. */
export const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');
export const handlerOf =
  (route: Route, context: QueryContext): RequestHandler =>
  async (request, response) => {
    await route.handle(context, request, response);
  };
