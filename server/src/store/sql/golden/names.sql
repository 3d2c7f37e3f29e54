-- endOfNamesBlock
SELECT id
FROM flows
WHERE id > {after:String}
ORDER BY id
LIMIT 1 OFFSET 100000

-- nameHashesBlock
SELECT
  arrayStringConcat(groupArray(
    arrayStringConcat(arrayMap(
      x -> concat(
        leftPad(hex(murmurHash3_32(x)), 8, '0'),
        leftPad(hex(murmurHash2_32(x)), 8, '0')
      ),
      arrayConcat(
        arrayFilter(
          x -> NOT startsWith(x, 'o\0') AND NOT startsWith(x, 'w\0'),
          tokens
        ),
        arrayMap(x -> concat('t\0', x), trace_ids)
      )
    ))
  )) AS hashes,
  groupUniqArrayArray(arrayFilter(x -> startsWith(x, 'w\0'), tokens)) AS worthless
FROM flows
WHERE id > {after:String}
AND ({upTo:String} = '' OR id <= {upTo:String})
AND deleted != 1
AND (
  last_received >= 1793999940000
  OR (
    phase != 'ended' AND (settles_as = '' OR settles_at > 1794000000000)
    OR look_at > 0
  )
)
GROUP BY blockNumber()

-- NAMES_BY_MINUTE
SELECT
  intDiv(last_received, 60000) AS minute,
  sum(length(trace_ids) + length(tokens)) AS names
FROM flows
WHERE deleted != 1
GROUP BY minute
ORDER BY minute DESC

-- LOADED_BY_IDS
SELECT
  id, version, deleted, moved_to, members, tokens,
  if(deleted = 2, timeline, '[]') AS causes
FROM flows FINAL
WHERE id IN {ids:Array(String)}

-- loadedByNames
SELECT
  id, version, deleted, moved_to, members, tokens,
  if(deleted = 2, timeline, '[]') AS causes
FROM flows FINAL
WHERE id IN (
  SELECT DISTINCT id
  FROM flows
  WHERE indexHint(hasAny(trace_ids, {names:Array(String)}))
  AND arrayExists(one -> one IN {names:Array(String)}, trace_ids)
)
AND deleted != 1

-- loadedByNames 2
SELECT
  id, version, deleted, moved_to, members, tokens,
  if(deleted = 2, timeline, '[]') AS causes
FROM flows FINAL
WHERE id IN (
  SELECT id
  FROM (
    SELECT DISTINCT
      id,
      arrayJoin(arrayFilter(one -> one IN {names:Array(String)}, tokens)) AS name
    FROM flows
    WHERE indexHint(hasAny(tokens, {names:Array(String)}))
    AND arrayExists(one -> one IN {names:Array(String)}, tokens)
    LIMIT 50 BY name
  )
)
AND deleted != 1
