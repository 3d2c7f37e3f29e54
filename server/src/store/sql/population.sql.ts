import { BAND_RANKS } from '../port/index.ts';
import { flowsSeenAt, isBefore, isSince } from './flows.sql.ts';
import { sql } from './sql.ts';

/**
 * Describes the flows that a lens counts: those that match a search (`search.sql.ts`) at `nowMs`.
 */
export interface Counted {
  nowMs: number;
  where: string;
  /**
   * Determines how flows are read. `known`: by the parameters of `KNOWN_ROWS`. `few`: their ids are
   * looked up first, so that only versions of these flows are merged. `many`: all versions of all
   * flows are merged.
   */
  size: 'known' | 'few' | 'many';
  /** Sampling rate of quantiles: one of this many flows is used. A power of two. */
  oneOf: number;
}

/**
 * Selects the flows of a search in their state at `nowMs`.
 *
 * `FINAL` merges the versions of all flows, in all selected columns, unless a condition on ids
 * restricts it. For few flows, a subquery first selects the ids of rows of any version that match.
 * The search is then applied again to the merged rows.
 */
export const flowsIn = ({ nowMs, where, size }: Counted, columns: string): string => {
  const read = {
    known: { from: KNOWN_ROWS },
    few: { among: idsOf(nowMs, where) },
    many: {},
  };
  return sql`
    (
      SELECT ${columns}
      FROM ${flowsSeenAt(nowMs, read[size])}
      WHERE ${size === 'known' ? '1' : where}
    )`;
};

/**
 * Selects the newest row of each of the flows in the parameter `known`. `FINAL` and a condition on
 * ids would read the columns of all flows, because rows lie in the order of random ids. A bound of
 * types and starts lets the engine read the projection `by_day`, where these flows lie together
 * (guard: what is read of a day of one type, `lens-reads.test.ts`).
 */
const KNOWN_ROWS = sql`
  (
    SELECT *
    FROM flows
    WHERE id IN {known:Array(String)}
    AND type IN {knownTypes:Array(String)}
    AND ${isSince('{knownFrom:UInt64}')}
    AND ${isBefore('{knownTo:UInt64}')}
    AND deleted = 0
    ORDER BY version DESC
    LIMIT 1 BY id
  )`;

/** Counts the rows of any version that have these types and starts: at least as many as flows. */
export const rowsBetween = (where: string): string => sql`
  SELECT count() AS rows
  FROM flows
  WHERE ${where}`;

const idsOf = (nowMs: number, where: string): string => sql`
  id IN (
    SELECT id
    FROM ${flowsSeenAt(nowMs, { from: 'flows' })}
    WHERE ${where}
  )`;

export const isSampled = ({ oneOf }: Counted): string =>
  oneOf === 1 ? '1' : `bitAnd(flow, ${oneOf - 1}) = 0`;
export const quantiles = (ms: string, condition: string): string =>
  `quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(${ms}, ${condition})`;
export const startedMs = 'intDiv(started, 1000000)';

/**
 * Counts the flows of a search, and measures their durations. Column `types` holds their types, and
 * column `known` the hash and the id of each flow, if there are at most `most` flows.
 */
export const population = (counted: Counted, most: number): string => sql`
  SELECT
    count() AS total,
    countIf(variant != 0) AS used,
    countIf(variant != 0 AND phase != 'ended') AS open,
    ${quantiles('duration_ms', '1')} AS quantiles,
    max(duration_ms) AS max,
    quantilesExactLowIf(${BAND_RANKS.join(', ')})(duration_ms, variant != 0) AS bands,
    toString(min(${startedMs})) AS firstAt,
    toString(max(${startedMs})) AS lastAt,
    groupUniqArray(${most})(type) AS types,
    if(
      count() <= ${most},
      arrayMap(one -> (toString(cityHash64(one)), one), groupArray(${most})(id)),
      []
    ) AS known
  FROM ${flowsIn(counted, 'id, type, variant, phase, duration_ms, started')}`;

/** Selects flow ids by the hashes that stand for flows in examples. */
export const EXAMPLES = sql`
  SELECT DISTINCT toString(cityHash64(id)) AS hash, id
  FROM flows
  WHERE cityHash64(id) IN (
    SELECT arrayJoin(arrayMap(one -> toUInt64(one), {hashes:Array(String)}))
  )
  AND deleted = 0`;
