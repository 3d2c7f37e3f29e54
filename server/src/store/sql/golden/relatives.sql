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
