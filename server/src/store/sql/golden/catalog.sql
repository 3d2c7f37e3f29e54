-- flowTypes
SELECT
  type,
  environment,
  count() AS flows,
  countIf(phase != 'ended') AS open,
  countIf(status = 'failed') AS failed,
  countIf(status = 'stuck') AS stuck,
  countIf(status = 'late') AS late,
  arraySort(groupUniqArrayArray(51)(services)) AS services,
  quantile(0.5)(duration_ms) AS p50DurationMs,
  quantile(0.95)(duration_ms) AS p95DurationMs,
  NULL AS usualP50Ms,
  NULL AS usualP95Ms,
  toString(max(started)) AS lastStarted
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
GROUP BY type, environment
ORDER BY flows DESC
LIMIT 1001

-- flowTypes 2
SELECT
  type,
  environment,
  count() AS flows,
  countIf(phase != 'ended') AS open,
  countIf(status = 'failed') AS failed,
  countIf(status = 'stuck') AS stuck,
  countIf(status = 'late') AS late,
  arraySort(groupUniqArrayArray(51)(services)) AS services,
  quantile(0.5)(duration_ms) AS p50DurationMs,
  quantile(0.95)(duration_ms) AS p95DurationMs,
  quantileIf(0.5)(duration_ms, started < {before:UInt64}) AS usualP50Ms,
  quantileIf(0.95)(duration_ms, started < {before:UInt64}) AS usualP95Ms,
  toString(max(started)) AS lastStarted
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
GROUP BY type, environment
ORDER BY flows DESC
LIMIT 1001

-- usualDuration
transform(
  concat(environment, char(0), type),
  (
    SELECT (groupArray(type_name), groupArray(usual))
    FROM (
      SELECT
        concat(environment, char(0), type) AS type_name,
        quantile(0.95)(duration_ms) AS usual
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
      GROUP BY environment, type
      ORDER BY type_name
    )
  ).1,
  (
    SELECT (groupArray(type_name), groupArray(usual))
    FROM (
      SELECT
        concat(environment, char(0), type) AS type_name,
        quantile(0.95)(duration_ms) AS usual
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
      GROUP BY environment, type
      ORDER BY type_name
    )
  ).2,
  nan
)

-- usualDuration 2
transform(
  concat(environment, char(0), type),
  (
    SELECT (groupArray(type_name), groupArray(usual))
    FROM (
      SELECT
        concat(environment, char(0), type) AS type_name,
        quantile(0.5)(duration_ms) AS usual
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
      WHERE started < {q0:UInt64}
      GROUP BY environment, type
      ORDER BY type_name
    )
  ).1,
  (
    SELECT (groupArray(type_name), groupArray(usual))
    FROM (
      SELECT
        concat(environment, char(0), type) AS type_name,
        quantile(0.5)(duration_ms) AS usual
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
      WHERE started < {q0:UInt64}
      GROUP BY environment, type
      ORDER BY type_name
    )
  ).2,
  nan
)

-- STEP_NAMES
SELECT arrayJoin(step_names) AS name
FROM flows
WHERE deleted = 0
GROUP BY name
ORDER BY count() DESC
LIMIT 500

-- servicesHeard
SELECT
  name,
  environment,
  count() AS steps,
  toString(min(at)) AS firstSeen,
  toString(max(at)) AS lastSeen
FROM flows FINAL
ARRAY JOIN step_services AS name, step_starts AS at
WHERE deleted = 0
GROUP BY name, environment
ORDER BY name
LIMIT 1001

-- services
SELECT
  s.1 AS name,
  environment,
  count() AS steps,
  countIf(s.2 = 'failed') AS failedSteps,
  arraySort(groupUniqArray(51)(type)) AS flowTypes,
  toString(min(s.3)) AS firstSeen,
  toString(max(s.3)) AS lastSeen
FROM flows FINAL
ARRAY JOIN arrayZip(step_services, step_statuses, step_starts) AS s
WHERE deleted = 0
GROUP BY name, environment
ORDER BY name
LIMIT 1001

-- messagesOfServices
SELECT
  name,
  environment,
  arraySort(groupUniqArrayIf(51)(destination, sending = 1 AND destination != '')) AS sends,
  arraySort(groupUniqArrayIf(51)(destination, sending = 0 AND destination != '')) AS consumes,
  arraySort(groupUniqArrayIf(51)(message, sending = 1 AND message != '')) AS sendsTypes,
  arraySort(groupUniqArrayIf(51)(message, sending = 0 AND message != '')) AS consumesTypes
FROM (
  SELECT h.1 AS name, environment, h.2 AS destination, h.3 AS message, 1 AS sending
  FROM flows FINAL
  ARRAY JOIN
    arrayZip(
      hop_from_services,
      hop_destinations,
      arrayResize(hop_types, length(hop_destinations), '')
    ) AS h
  WHERE deleted = 0
  UNION ALL
  SELECT h.1 AS name, environment, h.2 AS destination, h.3 AS message, 0 AS sending
  FROM flows FINAL
  ARRAY JOIN
    arrayZip(
      hop_to_services,
      hop_destinations,
      arrayResize(hop_types, length(hop_destinations), '')
    ) AS h
  WHERE deleted = 0
)
WHERE name != ''
GROUP BY name, environment

-- versionsOfServices
SELECT
  service AS name,
  environment,
  arraySort(groupUniqArray(21)(version)) AS versions
FROM records
WHERE service != ''
GROUP BY service, environment
