-- The raw evidence. The insert into this table is the commit that OTLP is answered after.
-- Partitioned and expired by day of receipt: by span time, a span from 1970 would vanish at once.
-- Sorted by trace, because everything reads by trace; `batch` is what a restart replays from.
CREATE TABLE IF NOT EXISTS spans {on_cluster} (
  batch UInt64,
  received_ms UInt64,
  trace_id String,
  span_id String,
  parent_id String,
  event_name String,
  kind UInt8,
  flags UInt32,
  name String,
  service String,
  environment String,
  role String,
  start_ns UInt64,
  end_ns UInt64,
  status_code UInt8,
  status_message String,
  trace_state String,
  scope String,
  message_system String,
  destination String,
  attributes String,
  resource String,
  events String,
  links String,
  day Date DEFAULT toDate(intDiv(received_ms, 1000), 'UTC'),
  INDEX batch_range batch TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}MergeTree
PARTITION BY day
ORDER BY (trace_id, span_id)
TTL day + INTERVAL {retention_days} DAY
SETTINGS ttl_only_drop_parts = 1
