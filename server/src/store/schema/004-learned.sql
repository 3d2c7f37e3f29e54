-- What was learned of each flow type, as JSON; the greatest version counts.
CREATE TABLE IF NOT EXISTS learned {on_cluster} (
  environment String,
  type String,
  version UInt64,
  model String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY (environment, type)
