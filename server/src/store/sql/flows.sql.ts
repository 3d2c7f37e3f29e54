import { MAX_NAMED, type FlowOrder } from '../../model/search.ts';
import { sql } from './sql.ts';

/** Columns of `flows` that lists need. `StoredFlowRow` is the type of a row with these columns. */
export const SUMMARY_FIELDS = sql`
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms`;

/**
 * Selects all flows in their state at `nowMs`: a flow that has settled by then counts as ended, as
 * in `viewAt`.
 *
 * With `from` = 'flows', selects rows of any version instead of the newest. `among` is a condition
 * on ids that the engine applies before it merges versions, so that it reads only these flows.
 */
export const flowsSeenAt = (
  nowMs: number,
  { from = 'flows FINAL', among }: { from?: string; among?: string | undefined } = {},
): string => sql`
    (
      WITH (settles_as != '' AND settles_at <= ${nowMs}) AS is_settled
      SELECT * REPLACE (
        if(is_settled, 'ended', phase) AS phase,
        if(is_settled, settles_as, outcome) AS outcome,
        if(is_settled, settles_as, status) AS status
      )
      FROM ${from}${among === undefined ? '' : `\nPREWHERE ${among}`}
      WHERE deleted = 0
    )`;

/**
 * Conditions on the start of a flow. The day says nothing new, but the engine uses the order of the
 * projection `by_day` only for the expression by which it is ordered.
 */
export const isSince = (at: string): string => sql`
  (
    started >= ${at}
    AND ${dayOf('started')} >= ${dayOf(at)}
  )`;
export const isBefore = (at: string): string => sql`
  (
    started < ${at}
    AND ${dayOf('started')} <= ${dayOf(at)}
  )`;
const dayOf = (nanos: string): string => `intDiv(${nanos}, 86400000000000)`;

/**
 * Selects a page of the flows that match the condition `where` (see `search.sql.ts`). `isAfter` is
 * false for the first page.
 */
export function flowsPage(
  nowMs: number,
  where: string,
  order: FlowOrder,
  isAfter: boolean,
): string {
  const value = valueOf(order, nowMs);
  const keys = order.by === 'started' ? ['started', 'id'] : ['value', 'started', 'id'];
  const [operator, direction] = order.ascends ? ['>', 'ASC'] : ['<', 'DESC'];
  const after = sql`
    (${keys.join(', ')}) ${operator} (${keys.map((key) => AFTER[key]).join(', ')})`;
  return sql`
    SELECT
      ${SUMMARY_FIELDS},
      ${value} AS value
    FROM ${flowsSeenAt(nowMs)}
    WHERE ${isAfter ? `${where}\nAND ${after}` : where}
    ORDER BY ${keys.map((key) => `${key} ${direction}`).join(', ')}
    LIMIT {limit:UInt32}`;
}
const AFTER: Readonly<Record<string, string>> = {
  value: '{afterValue:UInt64}',
  started: '{afterStarted:UInt64}',
  id: '{afterId:String}',
};

/**
 * Number from which the start of a wait is subtracted, so that the longest wait gives the greatest
 * value to sort by.
 */
const MAX_MS = Number.MAX_SAFE_INTEGER;

/**
 * Returns an expression for the value by which flows are sorted, as a UInt64. Flows that wait for
 * nothing come last in both directions.
 */
function valueOf({ by, ascends }: FlowOrder, nowMs: number): string {
  switch (by) {
    case 'started':
      return 'started';
    case 'activity':
      return 'last_progress';
    case 'duration':
      return sql`
        toUInt64(1000 * greatest(
          0,
          ${durationAt(nowMs)}
        ))`;
    case 'waiting':
      return sql`
        if(
          empty(waiting_steps),
          ${ascends ? `toUInt64(${MAX_MS})` : 'toUInt64(0)'},
          toUInt64(${MAX_MS} - arrayMin(
            one -> JSONExtractFloat(one, 'since'),
            JSONExtractArrayRaw(judgement, 1)
          ))
        )`;
  }
}

/**
 * Returns an expression for the duration of a flow, ms: from its start to its end, or to `nowMs`
 * while the flow is open.
 */
export const durationAt = (nowMs: number): string =>
  `if(phase = 'ended', duration_ms, ${nowMs} - intDiv(started, 1000) / 1000)`;

export const flowsCount = (nowMs: number, where: string): string => sql`
  SELECT count() AS total
  FROM ${flowsSeenAt(nowMs)}
  WHERE ${where}`;

export const FLOWS_BY_IDS = sql`
  SELECT
    ${SUMMARY_FIELDS}
  FROM flows FINAL
  WHERE id IN {ids:Array(String)} AND deleted = 0`;

export const FLOWS_BY_IDS_IN_ORDER = sql`
  ${FLOWS_BY_IDS}
  ORDER BY id`;

/** Selects flows by id, including their timelines. */
export const WHOLE_FLOWS_BY_IDS = sql`
  SELECT
    ${SUMMARY_FIELDS},
    timeline
  FROM flows FINAL
  WHERE id IN {ids:Array(String)} AND deleted = 0
  ORDER BY cityHash64(id)`;

export const FLOW_BY_ID = sql`
  SELECT
    ${SUMMARY_FIELDS},
    timeline, members, context
  FROM flows FINAL
  WHERE id = {id:String} AND deleted = 0`;

/** Selects the former ids of a flow. */
export const ALIASES_OF_FLOW = sql`
  SELECT id
  FROM flows FINAL
  WHERE deleted = 1 AND moved_to = {id:String}
  ORDER BY id
  LIMIT 100`;

/** Selects the row with this id, which may be the id of a flow or a former id (`deleted` = 1). */
export const NAME_OF_FLOW = sql`
  SELECT id, deleted, moved_to
  FROM flows FINAL
  WHERE id = {name:String}`;

/**
 * Selects flows by a name other than their id: an explicit id, a business key, or the id of a
 * trace, a message or a span.
 */
export const FLOWS_BY_OTHER_NAME = sql`
  SELECT id
  FROM flows FINAL
  WHERE deleted = 0 AND (
    flow_id = {name:String}
    OR has(key_values, {name:String})
    OR has(trace_ids, {name:String})
    OR arrayExists(t -> endsWith(t, concat(char(0), {name:String})), tokens)
    OR (length({name:String}) = 16 AND position(members, {name:String}) > 0)
  )
  ORDER BY started DESC
  LIMIT ${MAX_NAMED}`;

/** Selects the span keys of a flow, from the newest version of its row. Tombstones are left out. */
export const SPANS_OF_FLOW = sql`
  SELECT members, context
  FROM flows FINAL
  WHERE id IN ({id:String}) AND deleted != 1`;

/** Selects the span keys of several flows. */
export const SPANS_OF_FLOWS = sql`
  SELECT id, members, context
  FROM flows FINAL
  WHERE id IN {ids:Array(String)} AND deleted = 0`;

/**
 * Selects a block of flows that are open or have a planned re-evaluation, in order of the primary
 * key. A block is one of the queries that together read a whole table.
 */
export const openFlowsBlock = (nowMs: number, size: number): string => sql`
  SELECT id, type, settles_at, look_at
  FROM ${flowsSeenAt(nowMs)}
  WHERE (phase != 'ended' OR look_at > 0)
  AND id > {after:String}
  ORDER BY id
  LIMIT ${size} WITH TIES`;

export const flowsWithFindingsBlock = (size: number): string => sql`
  SELECT id
  FROM flows FINAL
  WHERE deleted = 0 AND notEmpty(finding_rules)
  AND id > {after:String}
  ORDER BY id
  LIMIT ${size} WITH TIES`;
