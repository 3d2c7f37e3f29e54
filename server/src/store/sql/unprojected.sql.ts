import { sql } from './sql.ts';

/**
 * One of `of` shares of all traces, chosen by the hash of the trace id. A query processes one
 * share, so that the engine needs memory only for the span hashes of this share.
 */
export interface Share {
  index: number;
  of: number;
}

/**
 * Lengths of the two parts of an entry in the text that `tracesOfShare` selects, in characters: the
 * trace id, and the size of the trace in hexadecimal.
 */
export const TRACE_DIGITS = 32;
export const COUNT_DIGITS = 8;
/** Number of bytes of records that count as one more span in the size of a trace. */
const BYTES_LIKE_A_SPAN = 8192;

export const RECORDS_UP_TO = sql`
  SELECT count() AS spans
  FROM records
  WHERE batch <= {claim:UInt64}`;

/**
 * Expression for the span keys of a row. Rows written by earlier versions contain JSON that maps
 * each trace to its span ids.
 */
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

/** Returns a condition that is true for a trace with a span that no stored flow includes. */
const lacksSpan = (share: Share): string => sql`
  countIf(
    cityHash64(concat(trace_id, span_id)) NOT IN (
      SELECT cityHash64(arrayJoin(${keysOfShare(share)}))
      FROM flows FINAL
      WHERE deleted != 1
    )
  ) > 0`;

/**
 * Selects traces that have a span which no stored flow includes; all traces if `all` is true. The
 * result is one text, in which each trace id is followed by the size of the trace in spans.
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

/**
 * Selects the hash of each span of this share, with the id of the flow that the span belongs to.
 */
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
