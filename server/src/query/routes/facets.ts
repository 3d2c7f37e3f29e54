import type { Request } from 'express';
import type { Facet } from '../../contract/index.ts';
import type { FlowSearch } from '../../model/search.ts';
import { read, type QueryContext, type Reply, type Route } from '../route.ts';
import { LIST_ONLY, readSearch, searchSchema } from '../search.ts';

const MAX_VALUES = 30;
const facetsQuery = searchSchema.omit(LIST_ONLY);
/** The fields, and the part of a search that narrows flows by each. */
const FACETS = [
  ['status', 'statuses'],
  ['type', 'types'],
  ['service', 'services'],
  ['environment', 'environments'],
] as const;

/** The route that tells what a list of flows can be narrowed by. */
export const FACET_ROUTES: readonly Route[] = [
  {
    operation: 'countFacets',
    path: '/api/v1/facets',
    scope: 'read',
    summary: 'How many flows of a filter have which status, type, service and environment',
    query: facetsQuery,
    handle: facets,
    isHeavy: true,
  },
];

/**
 * Answers facets. The values of a field are those of the flows that all other fields of the filter
 * find, so that another value can be chosen.
 */
async function facets(
  context: QueryContext,
  request: Request,
  response: Reply<'countFacets'>,
): Promise<void> {
  const search = readSearch(read(facetsQuery, request.query), context.clock.now());
  const count = (of: FlowSearch) => context.store.countFacets(of, MAX_VALUES + 1);
  const all = count(search);
  const items = FACETS.map(async ([field, part]): Promise<Facet> => {
    const { [part]: chosen, ...others } = search;
    const counts = await (chosen === undefined ? all : count(others));
    const values = counts.filter((one) => one.field === field);
    return {
      field,
      values: values.slice(0, MAX_VALUES).map(({ value, flows }) => ({ value, flows })),
      incomplete: values.length > MAX_VALUES,
    };
  });
  response.json({ items: await Promise.all(items) });
}
