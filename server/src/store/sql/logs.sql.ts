import { sql } from './sql.ts';

/**
 * Selects log records without their texts, errors first and then from the oldest to the newest, so
 * that a list that is cut contains the errors. `matches` is 1 if the record contains the searched
 * text. A record that was sent twice is selected once.
 */
export const logIndex = (most: number, hasText: boolean): string => sql`
  SELECT
    trace_id, span_id, id, time_ns, received_ms, position, severity, service,
    ${hasText ? MATCHES : '1'} AS matches
  FROM logs
  WHERE trace_id IN {traces:Array(String)} AND dropped = 0
  ORDER BY severity >= 17 DESC, time_ns, id
  LIMIT 1 BY trace_id, id
  LIMIT ${most}`;

const MATCHES = sql`
  positionCaseInsensitiveUTF8(concat(body, '\\n', record), {text:String}) > 0`;

export const LOGS_BY_IDS = sql`
  SELECT received_ms, trace_id, span_id, id, time_ns, severity, service, body, record
  FROM logs
  WHERE trace_id IN {traces:Array(String)} AND id IN {ids:Array(String)} AND dropped = 0
  LIMIT 1 BY trace_id, id`;

/** Selects how many log records of these traces were dropped. */
export const LOGS_DROPPED = sql`
  SELECT
    sum(of_one.1) AS records,
    sum(of_one.2) AS errors
  FROM (
    SELECT any((dropped, dropped_errors)) AS of_one
    FROM logs
    WHERE trace_id IN {traces:Array(String)} AND dropped > 0
    GROUP BY trace_id, id
  )`;

/** Selects the spans, out of the given ones, that were received in any flow. */
export const SPANS_RECEIVED = sql`
  SELECT DISTINCT trace_id, span_id
  FROM records
  WHERE trace_id IN {traces:Array(String)} AND span_id IN {spans:Array(String)}`;
