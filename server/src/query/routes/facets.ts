import type { Request } from 'express';
import type { Facet } from '../../contract/index.ts';
import type { FlowSearch } from '../../model/search.ts';
import { read, type QueryContext, type Reply, type Route } from '../route.ts';
import { LIST_ONLY, readSearch, searchSchema } from '../search.ts';

const MAX_VALUES = 30;
const facetsQuery = searchSchema.omit(LIST_ONLY);
/** Fields with facets, each with the part of a search that selects flows by it. */
const FACETS = [
  ['status', 'statuses'],
  ['type', 'types'],
  ['service', 'services'],
  ['environment', 'environments'],
] as const;

/** Route for the facets of a list of flows: the values by which the list can be narrowed. */
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
 * Answers with facets. The values of a field are counted over the flows that all other fields of
 * the filter select, so that another value can be chosen.
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
