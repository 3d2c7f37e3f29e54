-- LAST_RECORD
SELECT
  max(batch) AS last,
  max(received_ms) AS received
FROM records

-- LAST_DERIVED_BATCH
SELECT max(up_to_batch) AS batch
FROM flows

-- batchesAfter
SELECT
  batch,
  count() AS spans,
  sum(length(record)) AS bytes
FROM records
WHERE batch > {after:UInt64}
GROUP BY batch
ORDER BY batch
LIMIT 5000

-- RECORDS_OF_BATCHES
SELECT received_ms, trace_id, span_id, record
FROM records
WHERE batch > {after:UInt64} AND batch <= {upTo:UInt64}
ORDER BY batch

-- RECORDS_OF_TRACES
SELECT received_ms, trace_id, span_id, record
FROM records
WHERE trace_id IN {traces:Array(String)}
