import type { Request } from 'express';
import { FermataError } from '../../base/errors.ts';
import { msOf } from '../../model/time.ts';
import { overviewOf } from '../overview.ts';
import { read, type QueryContext, type Reply, type Route } from '../route.ts';
import { readSearch, searchSchema } from '../search.ts';

const HOUR_MS = 3_600_000;
const overviewQuery = searchSchema.pick({ environment: true, from: true, to: true });

/** Route for the numbers of the overview page. */
export const OVERVIEW_ROUTES: readonly Route[] = [
  {
    operation: 'getOverview',
    path: '/api/v1/overview',
    scope: 'read',
    summary: 'What is stuck and late, what starts, how long it takes, what changed: of one instant',
    query: overviewQuery,
    handle: overview,
    isHeavy: true,
  },
];

async function overview(
  context: QueryContext,
  request: Request,
  response: Reply<'getOverview'>,
): Promise<void> {
  const nowMs = context.clock.now();
  const { from, to, ...search } = readSearch(read(overviewQuery, request.query), nowMs);
  const toMs = to === undefined ? nowMs : msOf(to);
  const fromMs = from === undefined ? toMs - HOUR_MS : msOf(from);
  if (fromMs >= toMs)
    throw new FermataError('query.invalid', 'the time ends before it begins', {
      hint: '`from` must be before `to`.',
    });
  const learned = (type: string, environment: string): number =>
    context.expectations.learnedFlows(type, environment);
  const incidents = context.alerts.incidents();
  const isEndAsked = to !== undefined;
  response.json(
    await overviewOf(context.store, { search, fromMs, toMs, isEndAsked, incidents, learned }),
  );
}
