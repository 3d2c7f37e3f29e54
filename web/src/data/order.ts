/** Sort order of a list of flows. The values of `sort` are those of the API's parameter. */
export interface ListOrder {
  sort: Sort;
  ascends: boolean;
}
export type Sort = 'started' | 'duration' | 'activity' | 'waiting';

export const SORTS: readonly (readonly [sort: Sort, label: string])[] = [
  ['started', 'Started'],
  ['duration', 'Duration'],
  ['activity', 'Last activity'],
  ['waiting', 'Waiting since'],
];

/**
 * Reads the sort order from a URL's parameters. If they are missing or invalid, the newest flow is
 * first.
 */
export function readOrder(query: URLSearchParams): ListOrder {
  const sort = SORTS.find(([name]) => name === query.get('sort'))?.[0] ?? 'started';
  return { sort, ascends: query.get('order') === 'asc' };
}

export const isNewestFirst = ({ sort, ascends }: ListOrder): boolean =>
  sort === 'started' && !ascends;

/**
 * Returns the parameters for a sort order, for the API and for the dashboard's URL. An empty value
 * stands for the default.
 */
export const orderParameters = ({ sort, ascends }: ListOrder): { sort: string; order: string } => ({
  sort: sort === 'started' ? '' : sort,
  order: ascends ? 'asc' : '',
});

/**
 * Returns the sort order after a click on a column heading. Clicking the same column again reverses
 * its order.
 */
export const pressed = (order: ListOrder, sort: Sort): ListOrder => ({
  sort,
  ascends: order.sort === sort && !order.ascends,
});
