import type { Request } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import type { SavedView } from '../../contract/index.ts';
import { parseQuery } from '../language/parse.ts';
import { MAX_QUERY } from '../search.ts';
import { missing, nameOf, read, type QueryContext, type Reply, type Route } from '../route.ts';

const MAX_VIEWS = 1000;
const viewBody = z.strictObject({
  name: z.string().min(1).max(100),
  q: z.string().max(MAX_QUERY).default(''),
  state: z.string().max(4000).optional(),
});

/** Routes for saved views. A saved view is a query with a name. */
export const VIEW_ROUTES: readonly Route[] = [
  {
    operation: 'listViews',
    path: '/api/v1/views',
    scope: 'read',
    summary: 'Saved views: queries with a name',
    handle: listViews,
  },
  {
    method: 'post',
    operation: 'saveView',
    path: '/api/v1/views',
    scope: 'admin',
    summary: 'Save a view; one of the same name is replaced',
    isCreation: true,
    body: viewBody,
    handle: saveView,
  },
  {
    method: 'post',
    operation: 'deleteView',
    path: '/api/v1/views/{name}/delete',
    scope: 'admin',
    summary: 'Delete a saved view',
    handle: deleteView,
  },
];

async function listViews(
  context: QueryContext,
  _request: Request,
  response: Reply<'listViews'>,
): Promise<void> {
  const views = await context.views.documents('view');
  response.json({ items: views.map(({ body }) => JSON.parse(body) as SavedView) });
}

async function saveView(
  context: QueryContext,
  request: Request,
  response: Reply<'saveView'>,
): Promise<void> {
  const { name, q, state } = read(viewBody, request.body ?? {});
  parseQuery(q, context.clock.now());
  const known = await context.views.documents('view');
  if (known.length >= MAX_VIEWS && !known.some((view) => view.id === name))
    throw new FermataError('query.invalid', `there are ${MAX_VIEWS} views already`, {
      hint: 'Delete some of them.',
    });
  const view: SavedView = { name, q, ...(state !== undefined && { state }) };
  await context.views.saveDocument('view', name, context.clock.now(), JSON.stringify(view));
  response.status(201).json(view);
}

async function deleteView(
  context: QueryContext,
  request: Request,
  response: Reply<'deleteView'>,
): Promise<void> {
  const name = nameOf(request, 'name');
  const known = await context.views.documents('view');
  if (!known.some(({ id }) => id === name)) missing('view', name);
  await context.views.saveDocument('view', name, context.clock.now(), '');
  response.json({ ok: true });
}
