import { sql } from './sql.ts';

/** Maximum number of relatives of a flow. People find further children by the search `parent:`. */
export const MAX_RELATIVES = 100;

/**
 * Selects relatives of a flow by a condition. The inner query uses an index, and finds rows of any
 * version. The outer query checks the condition again on the newest version of each row.
 */
const relativesWhere = (condition: string): string => sql`
  SELECT id, type, key, started
  FROM flows FINAL
  WHERE id IN (
    SELECT DISTINCT id
    FROM flows
    WHERE ${condition}
  )
  AND deleted = 0
  AND ${condition}
  ORDER BY started, id
  LIMIT ${MAX_RELATIVES}`;

/**
 * Selects all runs of one flow. Their ids have a common prefix, so the query reads one range of the
 * primary key.
 */
export const RUNS_OF_FLOW = relativesWhere(sql`
  (
    id = {first:String}
    OR id > {first:String} || '.' AND id < {first:String} || '/'
  )`);

export const FLOWS_BY_EXPLICIT_ID = relativesWhere(
  'environment = {environment:String} AND flow_id = {name:String}',
);

export const CHILDREN_OF_FLOW = relativesWhere(
  'environment = {environment:String} AND parent_id IN {names:Array(String)}',
);

/** Maximum number of flows that a key relates to each other. */
export const MAX_SHARING = 20;
/**
 * Maximum number of flows that are looked at for a value. It is greater than `MAX_SHARING`, because
 * deleted flows and earlier versions are among them.
 */
export const MAX_FOUND = 60;

/** Selects ids of flows by a condition on the value with this position. */
const flowsWithKey = (at: number, condition: string): string => sql`
  SELECT ${at} AS at, id
  FROM (
    SELECT DISTINCT id
    FROM flows
    WHERE environment = {environment:String} AND ${condition}
    LIMIT ${MAX_FOUND + 1}
  )`;

/**
 * Selects ids of flows that have one of `count` values as a key or as their explicit id, with the
 * position of the value. An id may be selected twice. Reading ends soon after a value was found in
 * too many flows. Each subquery uses one index, because not every version of the engine skips
 * granules by two indexes for a condition with OR.
 */
export const flowsWithKeys = (count: number): string =>
  Array.from({ length: count }, (_, at) => [
    flowsWithKey(at, `has(key_values, {value${at}:String})`),
    flowsWithKey(at, `flow_id = {value${at}:String}`),
  ])
    .flat()
    .join('\nUNION ALL\n');

export const SHARING_FLOWS = sql`
  SELECT id, type, key, flow_id, key_names, key_values
  FROM flows FINAL
  WHERE id IN {ids:Array(String)} AND deleted = 0
  ORDER BY started, id`;
