-- Log records that are shown beside the spans of their trace; nothing is derived from them. A table of its own, so that
-- what reads evidence reads none of them. Same expiry and sync as `records`. A row with `dropped` is no record: it counts
-- records that were not kept, `dropped_errors` those of them that are errors. `position` is the place in the request, for
-- clocks of senders that tick in milliseconds.
CREATE TABLE IF NOT EXISTS logs {on_cluster} (
  received_ms UInt64,
  trace_id String CODEC(ZSTD(1)),
  span_id String CODEC(ZSTD(1)),
  id String,
  time_ns UInt64,
  position UInt32,
  severity UInt8,
  service String CODEC(ZSTD(1)),
  dropped UInt64,
  dropped_errors UInt64,
  body String CODEC(ZSTD(1)),
  record String CODEC(ZSTD(1)),
  day Date DEFAULT toDate(intDiv(received_ms, 1000), 'UTC')
)
ENGINE = {replicated}MergeTree
PARTITION BY day
ORDER BY (trace_id, time_ns, id)
TTL day + INTERVAL {retention_days} DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1
