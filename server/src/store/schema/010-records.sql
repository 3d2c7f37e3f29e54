-- The raw evidence as few columns: what is looked for, and the rest as five lines of text (`rows/span.ts`), because an
-- insert costs by the column. Replaces `spans`; the same order, expiry and meaning of `batch`.
-- Synced when inserted: the journal forgets a record once it is here.
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
