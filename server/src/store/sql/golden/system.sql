-- TABLE_BY_NAME
SELECT name
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}

-- TABLE_DEFINITIONS
SELECT name, create_table_query AS definition
FROM system.tables
WHERE database = currentDatabase()

-- TABLE_OF_PART
SELECT table
FROM system.parts
WHERE database = currentDatabase() AND endsWith(path, {path:String})

-- ROWS_OF_PART
SELECT rows
FROM system.parts
WHERE database = currentDatabase()
AND active
AND table = {table:String}
AND name = {name:String}

-- latestParts
SELECT table, name
FROM system.parts
WHERE database = currentDatabase()
AND active
AND modification_time >= (
  SELECT max(modification_time)
  FROM system.parts
  WHERE database = currentDatabase()
) - 900

-- BROKEN_DETACHED_PARTS
SELECT table, name, reason
FROM system.detached_parts
WHERE database = currentDatabase() AND reason LIKE 'broken%'

-- checkPart
CHECK TABLE flows PART 'all_1_2_0'

-- detachPart
ALTER TABLE flows DETACH PART 'all_1_2_0'

-- readRowsOfPart
SELECT sum(cityHash64(tuple(*)))
FROM flows
WHERE _part = 'all_1_2_0' AND _part_offset >= 0 AND _part_offset < 64

-- copyRowsOfPart
INSERT INTO flows
SELECT *
FROM flows
WHERE _part = 'all_1_2_0' AND _part_offset >= 0 AND _part_offset < 64
