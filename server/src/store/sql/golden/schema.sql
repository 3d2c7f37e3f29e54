-- MIGRATIONS_TABLE
CREATE TABLE IF NOT EXISTS migrations {on_cluster} (
  number UInt32,
  name String,
  at DateTime DEFAULT now()
)
ENGINE = {replicated}MergeTree
ORDER BY number

-- MIGRATIONS_DONE
SELECT DISTINCT number
FROM migrations

-- modifyTtl
ALTER TABLE records {on_cluster}
MODIFY TTL day + toIntervalDay(7)
SETTINGS materialize_ttl_after_modify = 0

-- modifySetting
ALTER TABLE records MODIFY SETTING fsync_after_insert = 1
