import { sql } from './sql.ts';

/** Bounds the relatives of a flow; more children are found by the search `parent:`. */
export const MAX_RELATIVES = 100;

/**
 * Selects relatives. The inner query finds candidates by an index over all versions; the outer one
 * keeps only the newest version.
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

/** Runs of one flow have neighbouring ids, so a range of the primary key finds them. */
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
