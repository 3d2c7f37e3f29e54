-- Small things that people or services wrote down, as JSON by kind (definition, view); the greatest version counts, and
-- an empty body is a deletion.
CREATE TABLE IF NOT EXISTS documents {on_cluster} (
  kind String,
  id String,
  version UInt64,
  body String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY (kind, id)
