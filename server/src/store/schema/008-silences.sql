-- Who is not to be told of what, until when; the greatest version counts.
CREATE TABLE IF NOT EXISTS silences {on_cluster} (
  id String,
  version UInt64,
  body String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY id
