-- versionRuns
SELECT
  service, environment,
  toString(run.2) AS version, toString(run.1) AS atMs, toString(run.3) AS flows
FROM (
  SELECT
    service, environment,
    arraySort(groupArray((at, version))) AS ordered,
    arrayFilter(
      (one, before) -> one.2 = 1 OR one.1.2 != before.2,
      arrayZip(ordered, arrayEnumerate(ordered)),
      arrayShiftRight(ordered, 1)
    ) AS starts,
    arrayShiftLeft(arrayMap(one -> one.2, starts), 1, toUInt32(length(ordered) + 1)) AS ends,
    arraySlice(
      arrayMap((one, after) -> (one.1.1, one.1.2, after - one.2), starts, ends),
      -2000
    ) AS runs
  FROM (
    SELECT
      environment,
      intDiv(started, 1000000) AS at,
      arrayFilter(
        one -> has({versions:Array(String)}, toString(one)),
        mark_ids
      ) AS known,
      arrayMap(
        one -> transform(
          toString(one),
          {versions:Array(String)},
          {services:Array(String)},
          ''
        ),
        known
      ) AS services_of,
      arrayJoin(
        arrayFilter((one, name) -> countEqual(services_of, name) = 1, known, services_of)
      ) AS version,
      transform(
        toString(version),
        {versions:Array(String)},
        {services:Array(String)},
        ''
      ) AS service
    FROM (
      SELECT cityHash64(id) AS flow, started, environment, mark_ids
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
      AND arrayExists(one -> bitAnd(one, 15) IN (6), mark_ids)
    )
    WHERE bitAnd(flow, 3) = 0
  )
  GROUP BY service, environment
)
ARRAY JOIN runs AS run
ORDER BY service, environment, run.1
LIMIT 100000

-- versionsAmong
SELECT DISTINCT toString(version) AS id
FROM (
  SELECT mark_ids
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
  arrayIntersect(
    mark_ids,
    arrayMap(one -> toUInt64(one), {versions:Array(String)})
  ) AS version
