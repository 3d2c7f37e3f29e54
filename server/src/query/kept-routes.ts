import type { Request, Response } from 'express';
import { z } from 'zod';
import { FermataError } from '../base/errors.ts';
import type { QueryRule } from '../model/query-rule.ts';
import { parseQuery } from './language.ts';
import { nameOf, read, type QueryContext, type Route } from './route.ts';

/** What people write down here: definitions of flow types, and saved views. */
const MOST_VIEWS = 1000;
const viewBody = z.strictObject({
  name: z.string().min(1).max(100),
  q: z.string().max(500).default(''),
});
const definitionsBody = z.strictObject({
  flows: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Flow type → version, within, steps, ends, undoInOrder: as in a definitions file'),
  conductor: z.unknown().optional().describe('Or a workflow of Conductor, schema version 2'),
});

export const KEPT_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/definitions',
    scope: 'read',
    summary: 'What flow types consist of, and who said so',
    handle: (context, _request, response) =>
      void response.json({
        items: context.definitions
          .list()
          .map(({ at, ...rest }) => ({ ...rest, at: new Date(at).toISOString() })),
      }),
  },
  {
    method: 'post',
    path: '/api/v1/definitions',
    scope: 'admin',
    summary: 'Say what flow types consist of; flows under way are judged by it at once',
    body: definitionsBody,
    handle: define,
  },
  { path: '/api/v1/views', scope: 'read', summary: 'Saved views: queries with a name', handle: listViews },
  {
    method: 'post',
    path: '/api/v1/views',
    scope: 'admin',
    summary: 'Save a view; one of the same name is replaced',
    body: viewBody,
    handle: saveView,
  },
  {
    method: 'post',
    path: '/api/v1/views/{name}/delete',
    scope: 'admin',
    summary: 'Delete a saved view',
    handle: deleteView,
  },
  {
    path: '/api/v1/alerts/rules',
    scope: 'read',
    summary: "The operator's own rules, from FERMATA_ALERTS",
    handle: (context, _request, response) => void response.json({ items: context.rules.map(presentRule) }),
  },
];

const presentRule = ({ name, text, severity, forMs }: QueryRule): object => ({
  name,
  query: text,
  severity,
  forMs,
});

async function define(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { definitions, problems } = context.readDefinitions(request.body);
  if (problems.length > 0)
    throw new FermataError('query.invalid', problems.slice(0, 20).join('; '), {
      hint: 'The shape is in the README, "Saying what should happen".',
    });
  response.status(201).json({ changed: await context.definitions.define(definitions, 'api') });
}

async function listViews(context: QueryContext, _request: Request, response: Response): Promise<void> {
  const views = await context.views.documents('view');
  response.json({ items: views.map(({ body }) => JSON.parse(body) as object) });
}

async function saveView(context: QueryContext, request: Request, response: Response): Promise<void> {
  const { name, q } = read(viewBody, request.body ?? {});
  parseQuery(q, context.clock.now());
  const known = await context.views.documents('view');
  if (known.length >= MOST_VIEWS && !known.some((view) => view.id === name))
    throw new FermataError('query.invalid', `there are ${MOST_VIEWS} views already`, {
      hint: 'Delete some of them.',
    });
  await context.views.saveDocument('view', name, context.clock.now(), JSON.stringify({ name, q }));
  response.status(201).json({ name, q });
}

async function deleteView(context: QueryContext, request: Request, response: Response): Promise<void> {
  await context.views.saveDocument('view', nameOf(request, 'name'), context.clock.now(), '');
  response.json({ ok: true });
}
