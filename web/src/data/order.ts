/** By what a list of flows is sorted, as the API names it, and which way. */
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

/** Reads the order of an address; what it does not understand counts as newest first. */
export function readOrder(query: URLSearchParams): ListOrder {
  const sort = SORTS.find(([name]) => name === query.get('sort'))?.[0] ?? 'started';
  return { sort, ascends: query.get('order') === 'asc' };
}

export const isNewestFirst = ({ sort, ascends }: ListOrder): boolean =>
  sort === 'started' && !ascends;

/** Returns the parameters of an order, of the API and of an address alike; '' is the default. */
export const orderParameters = ({ sort, ascends }: ListOrder): { sort: string; order: string } => ({
  sort: sort === 'started' ? '' : sort,
  order: ascends ? 'asc' : '',
});

/** Returns the order after a heading was pressed: another column, or the same the other way. */
export const pressed = (order: ListOrder, sort: Sort): ListOrder => ({
  sort,
  ascends: order.sort === sort && !order.ascends,
});
