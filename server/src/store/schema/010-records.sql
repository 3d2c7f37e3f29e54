-- The raw evidence in few columns, because the cost of an insert grows with the number of columns.
-- Fields that are searched have columns of their own, and all other fields are in five lines of
-- text (`rows/span.ts`). This table replaces `spans`, with the same order, expiry and meaning of
-- `batch`.
-- Inserts are synced to disk, because the journal deletes a record once the record is in this
-- table.
CREATE TABLE IF NOT EXISTS records {on_cluster} (
  batch UInt64,
  received_ms UInt64,
  trace_id String,
  span_id String,
  service String,
  environment String,
  version String,
  record String,
  day Date DEFAULT toDate(intDiv(received_ms, 1000), 'UTC'),
  INDEX batch_range batch TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}MergeTree
PARTITION BY day
ORDER BY (trace_id, span_id)
TTL day + INTERVAL {retention_days} DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1
