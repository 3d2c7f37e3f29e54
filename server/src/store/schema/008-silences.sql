-- Silences, as JSON: which notifications are held back, and until when. The greatest version
-- counts.
CREATE TABLE IF NOT EXISTS silences {on_cluster} (
  id String,
  version UInt64,
  body String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY id
