-- segmentShares
SELECT
  toString(trait) AS id,
  sumIf(ms, duration_ms >= 1 AND duration_ms <= 2) AS band0,
  sumIf(ms, duration_ms >= 5 AND duration_ms <= 9) AS band1
FROM (
  SELECT duration_ms, segment_ids, segment_ms
  FROM (
    SELECT duration_ms, segment_ids, segment_ms
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
  WHERE duration_ms >= 1 AND duration_ms <= 2 OR duration_ms >= 5 AND duration_ms <= 9
)
ARRAY JOIN
  arrayPushBack(segment_ids, toUInt64(0)) AS trait,
  arrayPushBack(segment_ms, duration_ms) AS ms
GROUP BY trait

-- between
SELECT
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(ms, 1) AS quantiles,
  max(ms) AS max,
  count() AS measured
FROM (
  SELECT id, started, toFloat64(arrayMin(
    arrayFilter(
      (one, name) -> name = {pointTo:String} AND one >= first_from,
      event_times,
      event_names
    )
  ) - first_from) AS ms
  FROM (
    SELECT
      id, started, event_times, event_names,
      arrayMin(
        arrayFilter((one, name) -> name = {pointFrom:String}, event_times, event_names)
      ) AS first_from
    FROM (
      SELECT id, started, event_times, event_names
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
    WHERE has(event_names, {pointFrom:String}) AND has(event_names, {pointTo:String})
  )
  WHERE arrayExists(
    (one, name) -> name = {pointTo:String} AND one >= first_from,
    event_times,
    event_names
  )
)

-- spread
SELECT
  intDiv(intDiv(started, 1000000) - 1793999940000, 1000) AS bucket,
  arrayCount(bound -> ms > bound, [1, 10]) AS row,
  count() AS count,
  toString(argMax(cityHash64(id), ms)) AS example
FROM (
  SELECT id, started, duration_ms AS ms
  FROM (
    SELECT id, started, duration_ms
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
)
GROUP BY bucket, row
ORDER BY bucket, row
LIMIT 10000

-- spread 2
SELECT
  intDiv(intDiv(started, 1000000) - 1793999940000, 1000) AS bucket,
  0 AS row,
  count() AS count,
  toString(argMax(cityHash64(id), ms)) AS example
FROM (
  SELECT id, started, toFloat64(arrayMin(
    arrayFilter(
      (one, name) -> name = {pointTo:String} AND one >= first_from,
      event_times,
      event_names
    )
  ) - first_from) AS ms
  FROM (
    SELECT
      id, started, event_times, event_names,
      arrayMin(
        arrayFilter((one, name) -> name = {pointFrom:String}, event_times, event_names)
      ) AS first_from
    FROM (
      SELECT id, started, event_times, event_names
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
    WHERE has(event_names, {pointFrom:String}) AND has(event_names, {pointTo:String})
  )
  WHERE arrayExists(
    (one, name) -> name = {pointTo:String} AND one >= first_from,
    event_times,
    event_names
  )
)
GROUP BY bucket, row
ORDER BY bucket, row
LIMIT 10000

-- trend
SELECT
  intDiv(intDiv(started, 1000000), 60000) AS bucket,
  value,
  count() AS flows,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(duration_ms, bitAnd(flow, 3) = 0) AS quantiles,
  max(duration_ms) AS max
FROM (
  SELECT
    cityHash64(id) AS flow, started, duration_ms,
    arrayPushFront([status], '') AS all_values
  FROM (
    SELECT id, started, duration_ms, status, type, environment, services
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
)
ARRAY JOIN all_values AS value
GROUP BY bucket, value
ORDER BY bucket, flows DESC
LIMIT 20000

-- trend 2
SELECT
  intDiv(intDiv(started, 1000000), 1000) AS bucket,
  value,
  count() AS flows,
  quantilesExactInclusiveIf(0.5, 0.9, 0.95, 0.99)(duration_ms, bitAnd(flow, 3) = 0) AS quantiles,
  max(duration_ms) AS max
FROM (
  SELECT
    cityHash64(id) AS flow, started, duration_ms,
    arrayPushFront(services, '') AS all_values
  FROM (
    SELECT id, started, duration_ms, status, type, environment, services
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
)
ARRAY JOIN all_values AS value
GROUP BY bucket, value
ORDER BY bucket, flows DESC
LIMIT 20000
