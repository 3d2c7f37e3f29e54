-- Up to which span batch derived rows are complete. A restart replays the batches after it.
CREATE TABLE IF NOT EXISTS derived {on_cluster} (
  name String,
  version UInt64,
  batch UInt64
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY name
