-- RECORDS_UP_TO
SELECT count() AS spans
FROM records
WHERE batch <= {claim:UInt64}

-- tracesOfShare
SELECT
  arrayStringConcat(groupArray(
    concat(
      trace_id,
      leftPad(hex(toUInt32(least(size, 0xFFFFFFFF))), 8, '0')
    )
  )) AS traces
FROM (
  SELECT
    trace_id,
    count() + intDiv(sum(length(record)), 8192) AS size
  FROM records
  WHERE batch <= {claim:UInt64}
  AND received_ms >= 1793999940000
  AND cityHash64(trace_id) % 3 = 1
  AND length(trace_id) = 32
  GROUP BY trace_id
  HAVING countIf(
    cityHash64(concat(trace_id, span_id)) NOT IN (
      SELECT cityHash64(arrayJoin(arrayFilter(
        key -> cityHash64(substring(key, 1, 32)) % 3 = 1,
        if(
          startsWith(members, '{'),
          arrayFlatten(arrayMap(
            one -> arrayMap(span -> concat(one.1, span), one.2),
            JSONExtractKeysAndValues(members, 'Array(String)')
          )),
          splitByChar(',', members)
        )
      )))
      FROM flows FINAL
      WHERE deleted != 1
    )
  ) > 0
)

-- tracesOfShare 2
SELECT
  arrayStringConcat(groupArray(
    concat(
      trace_id,
      leftPad(hex(toUInt32(least(size, 0xFFFFFFFF))), 8, '0')
    )
  )) AS traces
FROM (
  SELECT
    trace_id,
    count() + intDiv(sum(length(record)), 8192) AS size
  FROM records
  WHERE batch <= {claim:UInt64}
  AND received_ms >= 1793999940000
  AND cityHash64(trace_id) % 3 = 1
  AND length(trace_id) = 32
  GROUP BY trace_id
  HAVING 1
)

-- overlappingFlows
SELECT DISTINCT id
FROM (
  SELECT
    id,
    cityHash64(arrayJoin(arrayFilter(
      key -> cityHash64(substring(key, 1, 32)) % 3 = 1,
      if(
        startsWith(members, '{'),
        arrayFlatten(arrayMap(
          one -> arrayMap(span -> concat(one.1, span), one.2),
          JSONExtractKeysAndValues(members, 'Array(String)')
        )),
        splitByChar(',', members)
      )
    ))) AS key
  FROM flows FINAL
  WHERE deleted != 1
)
WHERE key IN (
  SELECT key
  FROM (
    SELECT
      id,
      cityHash64(arrayJoin(arrayFilter(
        key -> cityHash64(substring(key, 1, 32)) % 3 = 1,
        if(
          startsWith(members, '{'),
          arrayFlatten(arrayMap(
            one -> arrayMap(span -> concat(one.1, span), one.2),
            JSONExtractKeysAndValues(members, 'Array(String)')
          )),
          splitByChar(',', members)
        )
      ))) AS key
    FROM flows FINAL
    WHERE deleted != 1
  )
  GROUP BY key
  HAVING count() > 1
)
ORDER BY id
