-- RUNS_OF_FLOW
SELECT id, type, key, started
FROM flows FINAL
WHERE id IN (
  SELECT DISTINCT id
  FROM flows
  WHERE (
    id = {first:String}
    OR id > {first:String} || '.' AND id < {first:String} || '/'
  )
)
AND deleted = 0
AND (
  id = {first:String}
  OR id > {first:String} || '.' AND id < {first:String} || '/'
)
ORDER BY started, id
LIMIT 100

-- FLOWS_BY_EXPLICIT_ID
SELECT id, type, key, started
FROM flows FINAL
WHERE id IN (
  SELECT DISTINCT id
  FROM flows
  WHERE environment = {environment:String} AND flow_id = {name:String}
)
AND deleted = 0
AND environment = {environment:String} AND flow_id = {name:String}
ORDER BY started, id
LIMIT 100

-- CHILDREN_OF_FLOW
SELECT id, type, key, started
FROM flows FINAL
WHERE id IN (
  SELECT DISTINCT id
  FROM flows
  WHERE environment = {environment:String} AND parent_id IN {names:Array(String)}
)
AND deleted = 0
AND environment = {environment:String} AND parent_id IN {names:Array(String)}
ORDER BY started, id
LIMIT 100

-- flowsWithKeys
SELECT 0 AS at, id
FROM (
  SELECT DISTINCT id
  FROM flows
  WHERE environment = {environment:String} AND has(key_values, {value0:String})
  LIMIT 61
)
UNION ALL
SELECT 0 AS at, id
FROM (
  SELECT DISTINCT id
  FROM flows
  WHERE environment = {environment:String} AND flow_id = {value0:String}
  LIMIT 61
)
UNION ALL
SELECT 1 AS at, id
FROM (
  SELECT DISTINCT id
  FROM flows
  WHERE environment = {environment:String} AND has(key_values, {value1:String})
  LIMIT 61
)
UNION ALL
SELECT 1 AS at, id
FROM (
  SELECT DISTINCT id
  FROM flows
  WHERE environment = {environment:String} AND flow_id = {value1:String}
  LIMIT 61
)

-- SHARING_FLOWS
SELECT id, type, key, flow_id, key_names, key_values
FROM flows FINAL
WHERE id IN {ids:Array(String)} AND deleted = 0
ORDER BY started, id
