import { sql } from './sql.ts';

export const LAST_RECORD = sql`
  SELECT
    max(batch) AS last,
    max(received_ms) AS received
  FROM records`;

export const LAST_DERIVED_BATCH = sql`
  SELECT max(up_to_batch) AS batch
  FROM flows`;

/**
 * Selects the number of spans and bytes in each batch. From these numbers the reader forms blocks
 * of whole batches.
 */
export const batchesAfter = (limit: number): string => sql`
  SELECT
    batch,
    count() AS spans,
    sum(length(record)) AS bytes
  FROM records
  WHERE batch > {after:UInt64}
  GROUP BY batch
  ORDER BY batch
  LIMIT ${limit}`;

/** Columns of `records` that `fromSpanRow` reads. */
const SPAN_FIELDS = 'received_ms, trace_id, span_id, record';

export const RECORDS_OF_BATCHES = sql`
  SELECT ${SPAN_FIELDS}
  FROM records
  WHERE batch > {after:UInt64} AND batch <= {upTo:UInt64}
  ORDER BY batch`;

export const RECORDS_OF_TRACES = sql`
  SELECT ${SPAN_FIELDS}
  FROM records
  WHERE trace_id IN {traces:Array(String)}`;
