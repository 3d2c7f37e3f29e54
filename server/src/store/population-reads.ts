import type { FlowSearch } from '../model/search.ts';
import { nanosFromMs } from '../model/time.ts';
import type { Param, QueryRows } from './connection/port.ts';
import type { Population } from './port/index.ts';
import type { Counted } from './sql/population.sql.ts';
import { searchWhere } from './sql/search.sql.ts';

/**
 * Maximum number of flows for exact quantiles, which need all values in memory. For more flows,
 * quantiles are computed from a sample of about half this number.
 */
export const MAX_EXACT = 100_000;
/**
 * Settings of lens queries. They allow more memory than queries for lists, because a lens reads
 * every flow that a search finds.
 */
const SETTINGS = 'max_memory_usage = 4000000000';
/**
 * Number of flows below which the engine first looks up their ids and then merges only the versions
 * of these flows (`flowsIn`).
 */
const MAX_FEW = 50_000;
/** The fields of a population that a query needs. */
export type Asked = Pick<
  Population,
  'search' | 'nowMs' | 'total' | 'known' | 'types' | 'firstAt' | 'lastAt'
>;
/** Returns the flows of a search that was not counted yet, of which there are at most `total`. */
export const uncounted = (search: FlowSearch, nowMs: number, total = Infinity): Asked => ({
  ...{ search, nowMs, total, known: null, types: [], firstAt: 0, lastAt: 0 },
});

/** Builds and runs queries over a population. The overview's reader uses it, too. */
export interface Reads {
  counted: (of: Asked) => { counted: Counted; params: Record<string, Param> };
  read: <Row>(sql: string, params: Record<string, Param>) => Promise<Row[]>;
}

export function readsOf(query: QueryRows): Reads {
  const counted: Reads['counted'] = ({ search, nowMs, total, known, ...bounds }) => {
    const { where, params } = searchWhere(search, nowMs);
    const oneOf = total > MAX_EXACT ? 2 ** Math.floor(Math.log2((2 * total) / MAX_EXACT)) : 1;
    if (known !== null)
      return {
        counted: { nowMs, where, oneOf, size: 'known' },
        params: {
          known: [...known.values()],
          knownTypes: [...bounds.types],
          knownFrom: nanosFromMs(bounds.firstAt),
          knownTo: nanosFromMs(bounds.lastAt + 1),
        },
      };
    return { counted: { nowMs, where, oneOf, size: total < MAX_FEW ? 'few' : 'many' }, params };
  };
  const read = <Row>(sql: string, params: Record<string, Param>): Promise<Row[]> =>
    query<Row>(sql, params, SETTINGS);
  return { counted, read };
}
