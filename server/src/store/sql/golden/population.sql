-- flowsIn
(
  SELECT id
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

-- flowsIn 2
(
  SELECT id
  FROM (
    WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
    SELECT * REPLACE (
      if(is_settled, 'ended', phase) AS phase,
      if(is_settled, settles_as, outcome) AS outcome,
      if(is_settled, settles_as, status) AS status
    )
    FROM flows FINAL
    PREWHERE id IN (
      SELECT id
      FROM (
        WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
        SELECT * REPLACE (
          if(is_settled, 'ended', phase) AS phase,
          if(is_settled, settles_as, outcome) AS outcome,
          if(is_settled, settles_as, status) AS status
        )
        FROM flows
        WHERE deleted = 0
      )
      WHERE 1
      AND type IN {types:Array(String)}
    )
    WHERE deleted = 0
  )
  WHERE 1
  AND type IN {types:Array(String)}
)

-- flowsIn 3
(
  SELECT id
  FROM (
    WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
    SELECT * REPLACE (
      if(is_settled, 'ended', phase) AS phase,
      if(is_settled, settles_as, outcome) AS outcome,
      if(is_settled, settles_as, status) AS status
    )
    FROM (
      SELECT *
      FROM flows
      WHERE id IN {known:Array(String)}
      AND type IN {knownTypes:Array(String)}
      AND (
        started >= {knownFrom:UInt64}
        AND intDiv(started, 86400000000000) >= intDiv({knownFrom:UInt64}, 86400000000000)
      )
      AND (
        started < {knownTo:UInt64}
        AND intDiv(started, 86400000000000) <= intDiv({knownTo:UInt64}, 86400000000000)
      )
      AND deleted = 0
      ORDER BY version DESC
      LIMIT 1 BY id
    )
    WHERE deleted = 0
  )
  WHERE 1
)

-- rowsBetween
SELECT count() AS rows
FROM flows
WHERE 1
AND type IN {types:Array(String)}

-- isSampled
bitAnd(flow, 3) = 0

-- isSampled 2
1

-- quantiles
quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(ms, 1)

-- startedMs
intDiv(started, 1000000)

-- population
SELECT
  count() AS total,
  countIf(variant != 0) AS used,
  countIf(variant != 0 AND phase != 'ended') AS open,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(duration_ms, 1) AS quantiles,
  max(duration_ms) AS max,
  quantilesExactLowIf(0.475, 0.525, 0.875, 0.925, 0.98, 1)(duration_ms, variant != 0) AS bands,
  toString(min(intDiv(started, 1000000))) AS firstAt,
  toString(max(intDiv(started, 1000000))) AS lastAt,
  groupUniqArray(5000)(type) AS types,
  if(
    count() <= 5000,
    arrayMap(one -> (toString(cityHash64(one)), one), groupArray(5000)(id)),
    []
  ) AS known
FROM (
  SELECT id, type, variant, phase, duration_ms, started
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

-- EXAMPLES
SELECT DISTINCT toString(cityHash64(id)) AS hash, id
FROM flows
WHERE cityHash64(id) IN (
  SELECT arrayJoin(arrayMap(one -> toUInt64(one), {hashes:Array(String)}))
)
AND deleted = 0
