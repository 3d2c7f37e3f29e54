-- typeCounts
SELECT
  type, environment,
  sumMap([intDiv(intDiv(started, 1000000), 60000)], [1]) AS starts,
  count() AS flows,
  countIf(status = 'failed') AS failed,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(duration_ms, 1) AS quantiles,
  max(duration_ms) AS max,
  count() AS measured
FROM (
  SELECT type, environment, status, started, duration_ms
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
GROUP BY type, environment
ORDER BY flows DESC, type, environment
LIMIT 200

-- heldTrend
SELECT
  toString(trait) AS id,
  greatest(-1, toInt64(floor((ms - 1793999940000) / 60000))) AS bucket,
  count() AS flows
FROM (
  SELECT trait_ids, trait_ms
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
  AND arrayExists(one -> bitAnd(one, 15) IN (8, 9), trait_ids)
)
ARRAY JOIN trait_ids AS trait, trait_ms AS ms
WHERE bitAnd(trait, 15) IN (8, 9) AND ms <= 1794000000000
GROUP BY trait, bucket
ORDER BY trait, bucket
LIMIT 20000
