-- joinedFamilies
arrayFilter(one -> bitAnd(one, 15) IN (1, 6), mark_ids) AS marks,
arrayConcat(node_ids, marks) AS ids,
arrayConcat(node_ms, arrayWithConstant(length(marks), toFloat64(0))) AS all_ms,
arrayConcat(node_flags, arrayWithConstant(length(marks), toUInt32(80))) AS all_flags

-- hasFlag
bitAnd(flags, 64) > 0

-- traitCounts
SELECT
  toString(trait) AS id,
  '' AS type,
  count() AS count,
  countIf(bitAnd(flags, 64) > 0) AS flows,
  countIf(bitAnd(flags, 1) > 0) AS failed,
  countIf(bitAnd(flags, 2) > 0) AS retried,
  countIf(bitAnd(flags, 4) > 0) AS compensated,
  countIf(bitAnd(flags, 8) > 0) AS running,
  countIf(bitAnd(flags, 32) > 0) AS deadLettered,
  [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
    AS examples
FROM (
  SELECT
    cityHash64(id) AS flow, started, trait, ms,
    flags,
    bitAnd(flags, 16) = 0 AS is_measured,
    is_measured AND bitAnd(flow, 3) = 0 AS is_in_sample
  FROM (
    SELECT id, started,
    node_ids AS ids,
    node_ms AS all_ms,
    node_flags AS all_flags
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
  ARRAY JOIN
    ids AS trait, all_ms AS ms, all_flags AS flags
)
GROUP BY trait
ORDER BY flows DESC, trait, type
LIMIT 10

-- traitCounts 2
SELECT
  toString(trait) AS id,
  '' AS type,
  count() AS count,
  countIf(bitAnd(flags, 64) > 0) AS flows,
  countIf(bitAnd(flags, 1) > 0) AS failed,
  countIf(bitAnd(flags, 2) > 0) AS retried,
  countIf(bitAnd(flags, 4) > 0) AS compensated,
  countIf(bitAnd(flags, 8) > 0) AS running,
  countIf(bitAnd(flags, 32) > 0) AS deadLettered,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(ms, is_in_sample) AS quantiles,
  maxIf(ms, is_measured) AS max,
  countIf(is_measured) AS measured,
  avg(position) AS rank,
  [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
    AS examples
FROM (
  SELECT
    cityHash64(id) AS flow, started, trait, ms,
    flags, position,
    bitAnd(flags, 16) = 0 AS is_measured,
    is_measured AND bitAnd(flow, 3) = 0 AS is_in_sample
  FROM (
    SELECT id, started,
    segment_ids AS ids,
    segment_ms AS all_ms,
    arrayWithConstant(length(segment_ids), toUInt32(64)) AS all_flags
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
  ARRAY JOIN
    ids AS trait, all_ms AS ms, all_flags AS flags, arrayEnumerate(ids) AS position
)
GROUP BY trait
ORDER BY flows DESC, trait, type
LIMIT 10

-- traitCounts 3
SELECT
  toString(trait) AS id,
  flow_type AS type,
  count() AS count,
  countIf(bitAnd(flags, 64) > 0) AS flows,
  countIf(bitAnd(flags, 1) > 0) AS failed,
  countIf(bitAnd(flags, 2) > 0) AS retried,
  countIf(bitAnd(flags, 4) > 0) AS compensated,
  countIf(bitAnd(flags, 8) > 0) AS running,
  countIf(bitAnd(flags, 32) > 0) AS deadLettered,
  countIf(ms <= 1794000000000 AND bitAnd(flags, 64) > 0) AS due,
  sumIf(ms, is_measured) AS totalMs,
  argMax(ms, started) AS newestMs,
  min(ms) AS leastMs,
  max(ms) AS mostMs,
  max(bitShiftRight(flags, 8)) AS number,
  toString(intDiv(min(started), 1000000)) AS firstAt,
  toString(intDiv(max(started), 1000000)) AS lastAt,
  [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
    AS examples
FROM (
  SELECT
    cityHash64(id) AS flow, flow_type, started, trait, ms,
    flags,
    bitAnd(flags, 16) = 0 AS is_measured,
    is_measured AND bitAnd(flow, 3) = 0 AS is_in_sample
  FROM (
    SELECT id, started,
    toLowCardinality(type) AS flow_type,
    trait_ids AS ids,
    trait_ms AS all_ms,
    trait_flags AS all_flags
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
  ARRAY JOIN
    ids AS trait, all_ms AS ms, all_flags AS flags
  WHERE bitAnd(trait, 15) IN (8, 9)
)
GROUP BY flow_type, trait
ORDER BY flows DESC, trait, type
LIMIT 10

-- traitCounts 4
SELECT
  toString(trait) AS id,
  '' AS type,
  count() AS count,
  countIf(bitAnd(flags, 64) > 0) AS flows,
  countIf(bitAnd(flags, 1) > 0) AS failed,
  countIf(bitAnd(flags, 2) > 0) AS retried,
  countIf(bitAnd(flags, 4) > 0) AS compensated,
  countIf(bitAnd(flags, 8) > 0) AS running,
  countIf(bitAnd(flags, 32) > 0) AS deadLettered,
  toString(intDiv(min(started), 1000000)) AS firstAt,
  toString(intDiv(max(started), 1000000)) AS lastAt,
  [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
    AS examples
FROM (
  SELECT
    cityHash64(id) AS flow, started, trait, ms,
    flags,
    bitAnd(flags, 16) = 0 AS is_measured,
    is_measured AND bitAnd(flow, 3) = 0 AS is_in_sample
  FROM (
    SELECT id, started,
    arrayFilter(one -> bitAnd(one, 15) IN (6), mark_ids) AS marks,
    marks AS ids,
    arrayWithConstant(length(marks), toFloat64(0)) AS all_ms,
    arrayWithConstant(length(marks), toUInt32(80)) AS all_flags
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
  ARRAY JOIN
    ids AS trait, all_ms AS ms, all_flags AS flags
)
GROUP BY trait
ORDER BY flows DESC, trait, type
LIMIT 10

-- hasAny
arrayExists(one -> bitAnd(one, 15) IN (6), mark_ids)

-- isOf
bitAnd(trait, 15) IN (1)

-- havingEdges
SELECT
  type,
  [
    countIf(hasAny(edge_ids, [
      2,
      18
    ])),
    countIf(hasAny(edge_ids, [
      34
    ]))
  ] AS flows
FROM (
  SELECT type, edge_ids
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
GROUP BY type
ORDER BY type

-- traitTrend
SELECT
  toString(trait) AS id,
  intDiv(intDiv(started, 1000000) - 1793999940000, 1000) AS bucket,
  countIf(bitAnd(flags, 64) > 0) AS flows
FROM (
  SELECT started, trait_ids, trait_flags
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
  AND arrayExists(one -> bitAnd(one, 15) IN (4), trait_ids)
)
ARRAY JOIN trait_ids AS trait, trait_flags AS flags
WHERE bitAnd(trait, 15) IN (4)
GROUP BY trait, bucket
ORDER BY trait, bucket
LIMIT 100000

-- failureOrigins
SELECT
  toString(pair.1) AS failure,
  toString(pair.2) AS id,
  count() AS count,
  toString(any(flow)) AS example
FROM (
  SELECT flow, arrayFilter(pair -> bitAnd(pair.1, 15) = 4, all_pairs) AS pairs
  FROM (
    SELECT
      flow,
      arrayConcat(
        arrayZip(trait_ids, arrayShiftLeft(trait_ids, 1)),
        arrayZip(trait_ids, arrayShiftLeft(trait_ids, 2)),
        arrayZip(trait_ids, arrayShiftLeft(trait_ids, 3))
      ) AS all_pairs
    FROM (
      SELECT cityHash64(id) AS flow, trait_ids
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
      AND notEmpty(trait_ids)
    )
  )
)
ARRAY JOIN pairs AS pair
WHERE toString(pair.1) IN {failures:Array(String)}
GROUP BY pair
ORDER BY count DESC
LIMIT 20000

-- directlyFollows
SELECT pair.1 AS from, pair.2 AS to, count() AS count
FROM (
  SELECT
    arraySort(
      (name, at, position) -> (at, position),
      step_names,
      step_starts,
      arrayEnumerate(step_names)
    ) AS ordered,
    arrayZip(arrayPushFront(ordered, ''), arrayPushBack(ordered, '')) AS pairs
  FROM (
    SELECT variant, step_names, step_starts, node_ms
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
ARRAY JOIN pairs AS pair
GROUP BY pair
ORDER BY count DESC, from, to
LIMIT 10

-- directlyFollows 2
SELECT pair.1 AS from, pair.2 AS to, count() AS count
FROM (
  SELECT
    arraySort(
      (name, at, position) -> (at, position),
      step_names,
      arrayMap((start, ms) -> start + toUInt64(round(ms * 1000000)), step_starts, node_ms),
      arrayEnumerate(step_names)
    ) AS ordered,
    arrayZip(arrayPushFront(ordered, ''), arrayPushBack(ordered, '')) AS pairs
  FROM (
    SELECT variant, step_names, step_starts, node_ms
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
ARRAY JOIN pairs AS pair
GROUP BY pair
ORDER BY count DESC, from, to
LIMIT 10

-- variantCounts
SELECT
  toString(variant) AS id,
  count() AS flows,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(duration_ms, bitAnd(flow, 3) = 0) AS quantiles,
  max(duration_ms) AS max,
  toString(min(intDiv(started, 1000000))) AS firstAt,
  toString(max(intDiv(started, 1000000))) AS lastAt,
  [toString(argMax(flow, started)), toString(any(flow)), toString(argMin(flow, started))]
    AS examples
FROM (
  SELECT cityHash64(id) AS flow, variant, duration_ms, started
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
GROUP BY variant
ORDER BY flows DESC, variant
LIMIT 10

-- variantsAmong
SELECT DISTINCT toString(variant) AS id
FROM (
  SELECT variant
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
WHERE toString(variant) IN {variants:Array(String)}

-- variantOutcomes
SELECT toString(variant) AS id, type, status, count() AS flows
FROM (
  SELECT variant, type, status
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
WHERE toString(variant) IN {variants:Array(String)}
GROUP BY variant, type, status

-- variantVersions
SELECT toString(variant) AS id, toString(version) AS version, toString(any(flow)) AS example
FROM (
  SELECT cityHash64(id) AS flow, variant, mark_ids
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
ARRAY JOIN arrayFilter(one -> bitAnd(one, 15) = 6, mark_ids) AS version
WHERE toString(variant) IN {variants:Array(String)} AND bitAnd(flow, 3) = 0
GROUP BY variant, version
ORDER BY count() DESC
LIMIT 20 BY variant

-- sampledIds
SELECT id
FROM (
  SELECT id, variant
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
ORDER BY cityHash64(id)
LIMIT 10

-- attributeCounts
SELECT name, value, flows, name_values, name_flows
FROM (
  SELECT
    name, value, flows,
    count() OVER (PARTITION BY name) AS name_values,
    sum(flows) OVER (PARTITION BY name) AS name_flows
  FROM (
    SELECT name, value, uniqExact(flow) AS flows
    FROM (
      SELECT id AS flow, arrayJoin(splitByChar(',', members)) AS span
      FROM flows FINAL
      PREWHERE id IN {ids:Array(String)}
      WHERE deleted = 0
    ) AS members
    INNER JOIN (
      SELECT
        concat(trace_id, span_id) AS span,
        arrayJoin(
          arrayConcat(
            JSONExtractKeysAndValuesRaw(splitByChar('\n', record)[2]),
            JSONExtractKeysAndValuesRaw(splitByChar('\n', record)[3])
          )
        ) AS attribute,
        attribute.1 AS name,
        trim(BOTH '"' FROM attribute.2) AS value
      FROM records
      WHERE trace_id IN (
        SELECT arrayJoin(trace_ids)
        FROM flows FINAL
        PREWHERE id IN {ids:Array(String)}
        WHERE deleted = 0
      )
    ) AS attributes
    USING (span)
    WHERE length(value) <= 200
    GROUP BY name, value
  )
)
WHERE flows > 1
ORDER BY flows DESC, name, value
LIMIT 10
