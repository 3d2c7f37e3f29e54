import { BAND_RANKS } from '../port/index.ts';
import { flowsSeenAt } from './flows.sql.ts';
import { sql } from './sql.ts';

/**
 * Describes which flows a lens reads: those of a search (`search.sql.ts`), as they look at `nowMs`.
 */
export interface Counted {
  nowMs: number;
  where: string;
  /**
   * How many flows there are, compared with all rows: `known` are those of the parameter `known`;
   * `few` are worth looking for before versions are merged.
   */
  size: 'known' | 'few' | 'many';
  /** Quantiles are taken of one flow out of this many, a power of two. */
  oneOf: number;
}

/**
 * Selects the flows of a search as they look at `nowMs`. `FINAL` merges the versions of all flows,
 * in all columns that are asked for, unless it is told their ids. Ids that are not known are those
 * of rows of any version that match; what matches after the merge counts.
 */
export const flowsIn = ({ nowMs, where, size }: Counted, columns: string): string => {
  const among = { known: 'id IN {known:Array(String)}', few: idsOf(nowMs, where), many: undefined };
  return sql`
    (
      SELECT ${columns}
      FROM ${flowsSeenAt(nowMs, { among: among[size] })}
      WHERE ${size === 'known' ? '1' : where}
    )`;
};

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
 * Counts the flows of a search, and measures their durations. `known` are their ids by the hashes
 * that stand for them in examples, if there are at most `most`.
 */
export const population = (counted: Counted, most: number): string => sql`
  SELECT
    count() AS total,
    countIf(variant != 0) AS used,
    ${quantiles('duration_ms', '1')} AS quantiles,
    max(duration_ms) AS max,
    quantilesExactLowIf(${BAND_RANKS.join(', ')})(duration_ms, variant != 0) AS bands,
    toString(min(${startedMs})) AS firstAt,
    toString(max(${startedMs})) AS lastAt,
    if(
      count() <= ${most},
      arrayMap(one -> (toString(cityHash64(one)), one), groupArray(${most})(id)),
      []
    ) AS known
  FROM ${flowsIn(counted, 'id, variant, duration_ms, started')}`;

/** Selects the ids of flows by the hashes that stand for them in examples. */
export const EXAMPLES = sql`
  SELECT DISTINCT toString(cityHash64(id)) AS hash, id
  FROM flows
  WHERE cityHash64(id) IN (
    SELECT arrayJoin(arrayMap(one -> toUInt64(one), {hashes:Array(String)}))
  )
  AND deleted = 0`;
