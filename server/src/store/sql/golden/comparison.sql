-- comparedTraits
SELECT
  toString(trait) AS id,
  countIf(is_here AND bitAnd(flags, 64) > 0) AS here,
  countIf(is_there AND bitAnd(flags, 64) > 0) AS there,
  [toString(any(flow)), toString(anyLast(flow))] AS examples
FROM (
  SELECT flow, is_here, is_there, trait, flags
  FROM (
    SELECT (1
    AND type IN {types:Array(String)}) AS is_here, (1) AS is_there, cityHash64(id) AS flow,
    arrayFilter(one -> bitAnd(one, 15) IN (1, 6), mark_ids) AS marks,
    arrayConcat(node_ids, marks) AS ids,
    arrayConcat(node_ms, arrayWithConstant(length(marks), toFloat64(0))) AS all_ms,
    arrayConcat(node_flags, arrayWithConstant(length(marks), toUInt32(80))) AS all_flags
    FROM (
      WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
      SELECT * REPLACE (
        if(is_settled, 'ended', phase) AS phase,
        if(is_settled, settles_as, outcome) AS outcome,
        if(is_settled, settles_as, status) AS status
      )
      FROM flows FINAL
      WHERE deleted = 0
    )
    WHERE 1
    AND type IN {types:Array(String)}
  )
  ARRAY JOIN ids AS trait, all_flags AS flags
  WHERE bitAnd(trait, 15) IN (1, 6)
)
GROUP BY trait
ORDER BY greatest(here / 5, there / 1) DESC, trait
LIMIT 10

-- comparedStatuses
SELECT type, status, countIf(is_here) AS here, countIf(is_there) AS there
FROM (
  SELECT (1
  AND type IN {types:Array(String)}) AS is_here, (1) AS is_there, type, status, variant
  FROM (
    WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
    SELECT * REPLACE (
      if(is_settled, 'ended', phase) AS phase,
      if(is_settled, settles_as, outcome) AS outcome,
      if(is_settled, settles_as, status) AS status
    )
    FROM flows FINAL
    WHERE deleted = 0
  )
  WHERE 1
  AND type IN {types:Array(String)}
)
WHERE variant != 0
GROUP BY type, status

-- comparedKeys
SELECT key.1 AS name, key.2 AS value, countIf(is_here) AS here, countIf(is_there) AS there
FROM (
  SELECT is_here, is_there, arrayDistinct(arrayZip(key_names, key_values)) AS all_keys
  FROM (
    SELECT (1
    AND type IN {types:Array(String)}) AS is_here, (1) AS is_there, variant, key_names, key_values
    FROM (
      WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
      SELECT * REPLACE (
        if(is_settled, 'ended', phase) AS phase,
        if(is_settled, settles_as, outcome) AS outcome,
        if(is_settled, settles_as, status) AS status
      )
      FROM flows FINAL
      WHERE deleted = 0
    )
    WHERE 1
    AND type IN {types:Array(String)}
  )
  WHERE variant != 0
)
ARRAY JOIN all_keys AS key
GROUP BY name, value
HAVING here > 1 OR there > 1
ORDER BY greatest(here / 5, there / 1) DESC, name, value
LIMIT 10
