import { ORIGIN, TRACE, WORTHLESS } from '../../model/names.ts';
import { sql } from './sql.ts';

const sqlName = (name: string): string => name.replaceAll('\0', '\\0');
const startsWith = (prefix: string): string => `startsWith(x, '${sqlName(prefix)}')`;

/** Selects the last id of a block: the row that follows `size` other rows. */
export const endOfNamesBlock = (size: number): string => sql`
  SELECT id
  FROM flows
  WHERE id > {after:String}
  ORDER BY id
  LIMIT 1 OFFSET ${size}`;

/**
 * Selects the hashed names of flows that were received since `sinceMs`, and of all open flows. The
 * engine computes the hashes, because transferring the names and hashing them in this process takes
 * ten times as long. The result has one text for each of the engine's blocks, because a single text
 * would be copied again each time it grows.
 */
export const nameHashesBlock = (nowMs: number, sinceMs: number): string => sql`
  SELECT
    arrayStringConcat(groupArray(
      arrayStringConcat(arrayMap(
        x -> concat(
          leftPad(hex(murmurHash3_32(x)), 8, '0'),
          leftPad(hex(murmurHash2_32(x)), 8, '0')
        ),
        arrayConcat(
          arrayFilter(
            x -> NOT ${startsWith(ORIGIN)} AND NOT ${startsWith(WORTHLESS)},
            tokens
          ),
          arrayMap(x -> concat('${sqlName(TRACE)}', x), trace_ids)
        )
      ))
    )) AS hashes,
    groupUniqArrayArray(arrayFilter(x -> ${startsWith(WORTHLESS)}, tokens)) AS worthless
  FROM flows
  WHERE id > {after:String}
  AND ({upTo:String} = '' OR id <= {upTo:String})
  AND deleted != 1
  AND (
    last_received >= ${sinceMs}
    OR (
      phase != 'ended' AND (settles_as = '' OR settles_at > ${nowMs})
      OR look_at > 0
    )
  )
  GROUP BY blockNumber()`;

/** Selects how many names were received in each minute, newest minute first. */
export const NAMES_BY_MINUTE = sql`
  SELECT
    intDiv(last_received, 60000) AS minute,
    sum(length(trace_ids) + length(tokens)) AS names
  FROM flows
  WHERE deleted != 1
  GROUP BY minute
  ORDER BY minute DESC`;

/** Columns that are needed to load the spans of a row. */
const LOADED_FIELDS = sql`
  id, version, deleted, moved_to, members, tokens,
  if(deleted = 2, timeline, '[]') AS causes`;

/** Selects the newest version of each row with one of these ids, including tombstones. */
export const LOADED_BY_IDS = sql`
  SELECT
    ${LOADED_FIELDS}
  FROM flows FINAL
  WHERE id IN {ids:Array(String)}`;

/**
 * Selects flows and unattributed spans that have one of `names` in this column, at most `most` rows
 * for each name.
 *
 * `indexHint(hasAny(…))` uses the index to choose the granules to read. `arrayExists` then filters
 * their rows, because it is faster than `hasAny`, which compares each of `names` with each name of
 * a row.
 */
export const loadedByNames = (column: 'trace_ids' | 'tokens', most?: number): string => sql`
  SELECT
    ${LOADED_FIELDS}
  FROM flows FINAL
  WHERE id IN (
    ${most === undefined ? idsWithNames(column) : idsWithNamesBounded(column, most)}
  )
  AND deleted != 1`;

const hasNames = (column: string): string => sql`
  indexHint(hasAny(${column}, {names:Array(String)}))
  AND arrayExists(one -> one IN {names:Array(String)}, ${column})`;

const idsWithNames = (column: string): string => sql`
  SELECT DISTINCT id
  FROM flows
  WHERE ${hasNames(column)}`;

const idsWithNamesBounded = (column: string, most: number): string => sql`
  SELECT id
  FROM (
    SELECT DISTINCT
      id,
      arrayJoin(arrayFilter(one -> one IN {names:Array(String)}, ${column})) AS name
    FROM flows
    WHERE ${hasNames(column)}
    LIMIT ${most} BY name
  )`;
