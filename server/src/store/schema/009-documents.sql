-- Small documents that people or services wrote, as JSON, by kind (definition, view). The greatest
-- version counts. A document with an empty body is deleted.
CREATE TABLE IF NOT EXISTS documents {on_cluster} (
  kind String,
  id String,
  version UInt64,
  body String
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY (kind, id)
