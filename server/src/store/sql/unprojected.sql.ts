import { sql } from './sql.ts';

/**
 * Selects a share of all traces, by hash, so that the engine holds the hashes of only their spans.
 */
export interface Share {
  index: number;
  of: number;
}

/**
 * An entry of `tracesOfShare` has this many characters of a trace id, and of the count behind it.
 */
export const TRACE_DIGITS = 32;
export const COUNT_DIGITS = 8;
/** A record counts as one span more for every so many bytes. */
const BYTES_LIKE_A_SPAN = 8192;

export const RECORDS_UP_TO = sql`
  SELECT count() AS spans
  FROM records
  WHERE batch <= {claim:UInt64}`;

/** Reads the span keys of a row. Rows of earlier versions hold span ids by trace, as JSON. */
const MEMBERS = sql`
  if(
    startsWith(members, '{'),
    arrayFlatten(arrayMap(
      one -> arrayMap(span -> concat(one.1, span), one.2),
      JSONExtractKeysAndValues(members, 'Array(String)')
    )),
    splitByChar(',', members)
  )`;

const keysOfShare = ({ index, of }: Share): string => sql`
  arrayFilter(
    key -> cityHash64(substring(key, 1, ${TRACE_DIGITS})) % ${of} = ${index},
    ${MEMBERS}
  )`;

/** Matches a trace with a span that no row includes. */
const lacksSpan = (share: Share): string => sql`
  countIf(
    cityHash64(concat(trace_id, span_id)) NOT IN (
      SELECT cityHash64(arrayJoin(${keysOfShare(share)}))
      FROM flows FINAL
      WHERE deleted != 1
    )
  ) > 0`;

/**
 * Reads traces as one text, each followed by its size in spans. `all` includes traces that lack
 * nothing.
 */
export const tracesOfShare = (share: Share, sinceMs: number, all: boolean): string => sql`
  SELECT
    arrayStringConcat(groupArray(
      concat(
        trace_id,
        leftPad(hex(toUInt32(least(size, 0xFFFFFFFF))), ${COUNT_DIGITS}, '0')
      )
    )) AS traces
  FROM (
    SELECT
      trace_id,
      count() + intDiv(sum(length(record)), ${BYTES_LIKE_A_SPAN}) AS size
    FROM records
    WHERE batch <= {claim:UInt64}
    AND received_ms >= ${sinceMs}
    AND cityHash64(trace_id) % ${share.of} = ${share.index}
    AND length(trace_id) = ${TRACE_DIGITS}
    GROUP BY trace_id
    HAVING ${all ? '1' : lacksSpan(share)}
  )`;

/** Reads each span of each flow, as a hash. */
const spansOfShare = (share: Share): string => sql`
  SELECT
    id,
    cityHash64(arrayJoin(${keysOfShare(share)})) AS key
  FROM flows FINAL
  WHERE deleted != 1`;

export const overlappingFlows = (share: Share): string => sql`
  SELECT DISTINCT id
  FROM (
    ${spansOfShare(share)}
  )
  WHERE key IN (
    SELECT key
    FROM (
      ${spansOfShare(share)}
    )
    GROUP BY key
    HAVING count() > 1
  )
  ORDER BY id`;
