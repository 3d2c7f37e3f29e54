import type { Request, Response } from 'express';
import { z } from 'zod';
import { FermataError, messageOf } from '../../base/errors.ts';
import { pick } from '../../base/pick.ts';
import { FLOW_STATUSES } from '../../contract/index.ts';
import type { Flow, Relation } from '../../model/flow.ts';
import type { Incident } from '../../model/incident.ts';
import { MAX_NAMED } from '../../model/search.ts';
import { suggest } from '../language/suggest.ts';
import { isNothingUsual } from '../nothing-usual.ts';
import { decimal, whole } from '../parameters.ts';
import {
  presentFlow,
  presentFlowType,
  presentService,
  summaryOf,
  type ReadRelations,
} from '../present.ts';
import { presentSpan } from '../present-spans.ts';
import { pageOf } from '../page.ts';
import { missing, nameOf, read, type QueryContext, type Reply, type Route } from '../route.ts';
import { readSearch, searchSchema, writeCursor } from '../search.ts';

const suggestQuery = z.strictObject({ q: z.string().max(500).default('') });
const spansQuery = z.strictObject({
  limit: whole(1, 10_000).default(2000),
});

const catalogQuery = z.strictObject({
  limit: whole(1, 1000).default(1000),
  cursor: z.string().max(1000).optional().describe('`nextCursor` of the page before'),
});

const inFlow = decimal(0, 1e15);
const flowQuery = z.strictObject({
  fromMs: inFlow.optional().describe('Only steps that ran at or after this, ms since its start'),
  toMs: inFlow.optional().describe('Only steps that ran at or before this, ms since its start'),
});

/** Routes for flows, and for what is known about flow types and services. */
export const FLOW_ROUTES: readonly Route[] = [
  {
    operation: 'listFlows',
    path: '/api/v1/flows',
    scope: 'read',
    summary: 'Flows, newest first or in another order',
    query: searchSchema,
    handle: listFlows,
  },
  {
    operation: 'getFlow',
    path: '/api/v1/flows/{id}',
    scope: 'read',
    summary: 'One flow, by any name it has or had',
    query: flowQuery,
    handle: getFlow,
  },
  {
    operation: 'listSpans',
    path: '/api/v1/flows/{id}/spans',
    scope: 'read',
    summary: 'Its raw spans',
    query: spansQuery,
    handle: getSpans,
  },
  {
    operation: 'getExpectations',
    path: '/api/v1/flow-types/{type}/expectations',
    scope: 'read',
    summary: 'What was learned of a flow type: what follows what, how often, how long it takes',
    handle: expectationsOf,
  },
  {
    operation: 'suggest',
    path: '/api/v1/search/suggest',
    scope: 'read',
    summary: 'Completions of the last word of a query',
    query: suggestQuery,
    handle: suggestions,
  },
  {
    operation: 'listFlowTypes',
    path: '/api/v1/flow-types',
    scope: 'read',
    summary: 'Flow types with counts, the most frequent first',
    query: catalogQuery,
    handle: flowTypes,
  },
  {
    operation: 'listServices',
    path: '/api/v1/services',
    scope: 'read',
    summary: 'Services by name: who sends, who listens',
    query: catalogQuery,
    handle: services,
  },
];

async function listFlows(
  context: QueryContext,
  request: Request,
  response: Reply<'listFlows'>,
): Promise<void> {
  const search = readSearch(request.query, context.clock.now());
  const isAsked = ({ status, key }: Incident): boolean =>
    status === 'open' && search.incidents?.[0] === key;
  const keys = search.incidents && context.alerts.incidents().find(isAsked)?.keys;
  const asked = { ...search, ...(keys && { incidents: [...keys] }) };
  const page = await context.store.listFlows(asked);
  response.json({
    items: page.items.map((row) => summaryOf(row.flow, row.version, row)),
    nextCursor: page.next ? writeCursor(page.next, search.order) : null,
    total: page.total,
    incomplete: page.items.some((row) => row.flow.incomplete),
    isNothingUsual: page.total === 0 && (await isNothingUsual(context.store, asked)),
  });
}

async function getFlow(
  context: QueryContext,
  request: Request,
  response: Reply<'getFlow'>,
): Promise<void> {
  const { fromMs, toMs } = read(flowQuery, request.query);
  const id = await resolve(context, request, response, '');
  if (id === null) return;
  const row = await context.store.getFlow(id);
  if (row === null) throw missingFlow(id);
  const related = await relationsOf(context, row.flow);
  const isPart = fromMs !== undefined || toMs !== undefined;
  const part = isPart ? { fromMs: fromMs ?? 0, toMs: toMs ?? Infinity } : null;
  response.json(presentFlow(row, related, part));
}

/**
 * Returns the flow's relations, and reads those to flows of other rows. A flow is shown even if
 * these cannot be read, because they are searched for in a whole table.
 */
async function relationsOf(
  { store, counters, log }: QueryContext,
  flow: Flow,
): Promise<ReadRelations> {
  const reads = await Promise.allSettled([store.familyOf(flow), store.sharingOf(flow)]);
  const failed = reads.filter((one) => one.status === 'rejected');
  if (failed.length > 0) {
    counters.add('fermata_unread_relations_total', failed.length);
    const detail = messageOf(failed[0]!.reason).slice(0, 500);
    log.warn({ flow: flow.id, detail }, 'relations of a flow could not be read');
  }
  const [family, sharing] = reads.map((one): Relation[] =>
    one.status === 'fulfilled' ? one.value : [],
  ) as [Relation[], Relation[]];
  const ofFamily = new Set(family.map(({ flowId }) => flowId));
  const others = sharing.filter(({ flowId }) => !ofFamily.has(flowId));
  return { relations: [...flow.relations, ...family, ...others], isWhole: failed.length === 0 };
}

async function getSpans(
  context: QueryContext,
  request: Request,
  response: Reply<'listSpans'>,
): Promise<void> {
  const { limit } = read(spansQuery, request.query);
  const id = await resolve(context, request, response, '/spans');
  if (id === null) return;
  const { items, total, incomplete } = await context.store.spansOf(id, limit);
  response.json({
    items: items.map(presentSpan),
    total,
    truncated: items.length < total,
    incomplete: incomplete || context.store.isBehind,
  });
}

/**
 * Resolves the name of a flow in the request. Returns the name if it is the flow's id. In all other
 * cases the function answers the request itself and returns null: with a redirect (308) to the id,
 * or with a list of ids (300) if several flows have the name. Throws if no flow has the name.
 */
export async function resolve(
  context: QueryContext,
  request: Request,
  response: Response,
  suffix: string,
): Promise<string | null> {
  const name = String(request.params['id']);
  const found = await context.store.findFlow(name);
  const [only] = found;
  if (only === undefined) throw missingFlow(name);
  if (found.length > 1) {
    response
      .status(300)
      .type('application/problem+json')
      .json({
        type: 'about:blank',
        title: 'Several flows have this name',
        status: 300,
        code: 'query.ambiguous',
        detail: `${found.length}${found.length === MAX_NAMED ? ' or more' : ''} flows are known as "${name}"`,
        choices: found,
      });
    return null;
  }
  if (only !== name) {
    const query = request.originalUrl.split('?', 2)[1];
    response.redirect(
      308,
      `/api/v1/flows/${encodeURIComponent(only)}${suffix}${query ? `?${query}` : ''}`,
    );
    return null;
  }
  return only;
}

export const missingFlow = (name: string): FermataError =>
  new FermataError('query.not-found', `no flow is known as "${name.slice(0, 100)}"`, {
    hint: 'Names are flow ids, business keys, trace, span and message ids within the retention.',
  });

function expectationsOf(
  context: QueryContext,
  request: Request,
  response: Reply<'getExpectations'>,
): void {
  const type = nameOf(request, 'type');
  const items = context.expectations
    .inspect(type)
    .map((learned) => pick(learned, ['environment', 'usual']));
  if (items.length === 0) missing('flow type', type);
  response.json({ type, items });
}

async function suggestions(
  context: QueryContext,
  request: Request,
  response: Reply<'suggest'>,
): Promise<void> {
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

async function flowTypes(
  context: QueryContext,
  request: Request,
  response: Reply<'listFlowTypes'>,
): Promise<void> {
  const { items, incomplete } = await context.store.flowTypes();
  const page = pageOf(items, read(catalogQuery, request.query), (row) => row.type);
  response.json({ ...page, items: page.items.map(presentFlowType), incomplete });
}

async function services(
  context: QueryContext,
  request: Request,
  response: Reply<'listServices'>,
): Promise<void> {
  const { items, incomplete } = await context.store.services();
  const wrong = context.wrongClocks();
  const page = pageOf(items, read(catalogQuery, request.query), (row) => row.name);
  response.json({
    ...page,
    items: page.items.map((row) => presentService(row, wrong)),
    incomplete: incomplete || context.store.isBehind,
  });
}
