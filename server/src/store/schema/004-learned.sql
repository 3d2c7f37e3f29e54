-- The learned model of each flow type, as JSON. The greatest version counts.
CREATE TABLE IF NOT EXISTS learned {on_cluster} (
  environment String,
  type String,
  version UInt64,
  model String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY (environment, type)
