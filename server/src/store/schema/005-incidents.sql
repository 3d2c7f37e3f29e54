-- Incidents as JSON; the greatest version counts.
CREATE TABLE IF NOT EXISTS incidents {on_cluster} (
  id String,
  version UInt64,
  body String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY id
