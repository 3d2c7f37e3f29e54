-- One row for each version of a flow, with the whole timeline of the flow. The greatest version
-- counts.
-- A row with `moved_to` is a tombstone: a late span split or renamed the flow that had this id, and
-- `moved_to` is the present id. An open flow older than the retention keeps its row.
-- `up_to_batch` is the last batch of spans that the row includes. A restart replays the batches
-- after the greatest `up_to_batch` of all rows.
CREATE TABLE IF NOT EXISTS flows {on_cluster} (
  id String,
  version UInt64,
  deleted UInt8,
  moved_to String,
  environment String,
  type String,
  key String,
  flow_id String,
  run UInt32,
  phase String,
  outcome String,
  health String,
  status String,
  status_since UInt64,
  started UInt64,
  last_progress UInt64,
  ended Nullable(UInt64),
  duration_ms Float64,
  raw_duration_ms Float64,
  step_count UInt32,
  failed_steps UInt32,
  services Array(String),
  key_names Array(String),
  key_values Array(String),
  parent_id String,
  incomplete UInt8,
  truncated UInt8,
  badges Array(String),
  span_count UInt64,
  settles_at UInt64,
  last_received UInt64,
  computed_ms UInt64,
  up_to_batch UInt64,
  trace_ids Array(String),
  tokens Array(String),
  members String,
  context String,
  step_names Array(String),
  step_services Array(String),
  step_statuses Array(String),
  step_starts Array(UInt64),
  hop_destinations Array(String),
  hop_from_services Array(String),
  hop_to_services Array(String),
  timeline String,
  day Date DEFAULT toDate(intDiv(last_received, 1000), 'UTC'),
  INDEX by_trace trace_ids TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_token tokens TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY id
TTL day + INTERVAL {retention_days} DAY DELETE WHERE phase = 'ended' OR deleted = 1
