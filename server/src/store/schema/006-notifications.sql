-- What people are told, and whether it was taken: written before it is sent. The greatest version counts.
CREATE TABLE IF NOT EXISTS notifications {on_cluster} (
  id String,
  version UInt64,
  state String,
  created UInt64,
  body String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY id
