-- searchWhere
1
AND type IN {types:Array(String)}
AND status IN {statuses:Array(String)}
AND environment IN {environments:Array(String)}
AND hasAny(services, {services:Array(String)})
AND hasAny(incident_keys, {incidents:Array(String)})
AND arrayExists(
  (n, v) -> n = {keyName:String} AND v = {keyValue:String},
  key_names,
  key_values
)
AND (
  started >= {from:UInt64}
  AND intDiv(started, 86400000000000) >= intDiv({from:UInt64}, 86400000000000)
)
AND (
  started < {to:UInt64}
  AND intDiv(started, 86400000000000) <= intDiv({to:UInt64}, 86400000000000)
)

-- searchWhere 2
1
AND (has(key_values, {keyValue:String}) OR flow_id = {keyValue:String})

-- searchWhere 3
1
AND type IN {other_types:Array(String)}

-- queryWhere
1
AND (
  arrayExists(
    x -> x != '' AND lowerUTF8(x) = {q0:String},
    [type]
  )
  AND (
    arrayExists(
      x -> x != '' AND lowerUTF8(x) = {q1:String},
      [status]
    )
    OR (NOT arrayExists(
      x -> x != '' AND x ILIKE {q2:String},
      services
    ))
  )
)
-- {"q0":"order","q1":"stuck","q2":"ship%"}

-- queryWhere 2
1
AND arrayExists(
  x -> x != '' AND lowerUTF8(x) = {q0:String},
  arrayFilter((n, s) -> s = 'failed', step_names, step_statuses)
)
-- {"q0":"pay 100%_"}

-- queryWhere 3
1
AND (
  arrayExists(
    x -> x != '' AND lowerUTF8(x) = {q0:String},
    [id]
  )
  OR (
    id IN (
      SELECT id
      FROM flows FINAL
      WHERE id IN (
        SELECT DISTINCT id
        FROM flows
        WHERE has(trace_ids, {q1:String})
      )
      AND has(trace_ids, {q1:String})
    )
    OR id IN (
      SELECT moved_to
      FROM flows FINAL
      WHERE id = {q1:String} AND deleted = 1
    )
  )
)
-- {"q0":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","q1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}

-- queryWhere 4
1
AND arrayExists(
  x -> x != '' AND x ILIKE {q0:String},
  [id]
)
-- {"q0":"%aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}

-- queryWhere 5
1
AND (
  (positionCaseInsensitiveUTF8(
    concat(
      id, ' ', type, ' ', key, ' ',
      arrayStringConcat(services, ' '), ' ',
      arrayStringConcat(key_values, ' '), ' ',
      arrayStringConcat(step_names, ' '), ' ',
      arrayStringConcat(badges, ' ')
    ),
    {q0:String}
  ) > 0)
  AND (positionCaseInsensitiveUTF8(
    concat(
      id, ' ', type, ' ', key, ' ',
      arrayStringConcat(services, ' '), ' ',
      arrayStringConcat(key_values, ' '), ' ',
      arrayStringConcat(step_names, ' '), ' ',
      arrayStringConcat(badges, ' ')
    ),
    {q1:String}
  ) > 0)
)
-- {"q0":"a*b","q1":"text"}

-- queryWhere 6
1
AND (
  positionCaseInsensitiveUTF8(
    concat(
      id, ' ', type, ' ', key, ' ',
      arrayStringConcat(services, ' '), ' ',
      arrayStringConcat(key_values, ' '), ' ',
      arrayStringConcat(step_names, ' '), ' ',
      arrayStringConcat(badges, ' ')
    ),
    {q0:String}
  ) > 0
  OR (
    id IN (
      SELECT id
      FROM flows FINAL
      WHERE id IN (
        SELECT DISTINCT id
        FROM flows
        WHERE has(trace_ids, {q1:String})
      )
      AND has(trace_ids, {q1:String})
    )
    OR id IN (
      SELECT moved_to
      FROM flows FINAL
      WHERE id = {q1:String} AND deleted = 1
    )
  )
)
-- {"q0":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","q1":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}

-- queryWhere 7
1
AND (
  (if(phase = 'ended', duration_ms, 1794000000000 - intDiv(started, 1000) / 1000) > {q0:Float64})
  AND (longest_wait_ms >= {q1:Float64})
  AND (1794000000000 - intDiv(last_progress, 1000) / 1000 < {q2:Float64})
  AND (greatest(0, toInt64(most_attempts) - 1) = {q3:Float64})
  AND (step_count <= {q4:Float64})
)
-- {"q0":300000,"q1":1000,"q2":7200000,"q3":1,"q4":3}

-- queryWhere 8
1
AND (
  (intDiv(started, 1000) >= {q0:Int64})
  AND (intDiv(started, 1000) < {q1:Int64})
)
-- {"q0":1793996400000000,"q1":1793999700000000}

-- queryWhere 9
1
AND arrayExists(
  (e, n) -> e.2 = 0 AND n.2 = 1,
  arraySort(
    arrayConcat(
      arrayMap(
        t -> (t, 0),
        arrayFilter((t, n) -> lowerUTF8(n) = {q0:String}, event_times, event_names)
      ),
      arrayMap(
        t -> (t, 1),
        arrayFilter((t, n) -> n ILIKE {q1:String}, event_times, event_names)
      )
    )
  ),
  arrayReverseFill(
    n -> n.2 = 1,
    arraySort(
      arrayConcat(
        arrayMap(
          t -> (t, 0),
          arrayFilter((t, n) -> lowerUTF8(n) = {q0:String}, event_times, event_names)
        ),
        arrayMap(
          t -> (t, 1),
          arrayFilter((t, n) -> n ILIKE {q1:String}, event_times, event_names)
        )
      )
    )
  )
)
-- {"q0":"orderplaced","q1":"Payment%"}

-- queryWhere 10
1
AND arrayExists(
  (e, n) -> e.2 = 0 AND n.2 = 1 AND n.1 - e.1 <= {q0:Float64},
  arraySort(
    arrayConcat(
      arrayMap(
        t -> (t, 0),
        arrayFilter((t, n) -> lowerUTF8(n) = {q1:String}, event_times, event_names)
      ),
      arrayMap(
        t -> (t, 1),
        arrayFilter((t, n) -> lowerUTF8(n) = {q2:String}, event_times, event_names)
      )
    )
  ),
  arrayReverseFill(
    n -> n.2 = 1,
    arraySort(
      arrayConcat(
        arrayMap(
          t -> (t, 0),
          arrayFilter((t, n) -> lowerUTF8(n) = {q1:String}, event_times, event_names)
        ),
        arrayMap(
          t -> (t, 1),
          arrayFilter((t, n) -> lowerUTF8(n) = {q2:String}, event_times, event_names)
        )
      )
    )
  )
)
-- {"q0":900000,"q1":"orderplaced","q2":"paymentcaptured"}

-- queryWhere 11
1
AND arrayExists(
  (e, n) -> e.2 = 0 AND NOT (n.2 = 1 AND n.1 - e.1 <= {q0:Float64})
    AND e.1 + {q0:Float64} < 1794000000000,
  arraySort(
    arrayConcat(
      arrayMap(
        t -> (t, 0),
        arrayFilter((t, n) -> lowerUTF8(n) = {q1:String}, event_times, event_names)
      ),
      arrayMap(
        t -> (t, 1),
        arrayFilter((t, n) -> lowerUTF8(n) = {q2:String}, event_times, event_names)
      )
    )
  ),
  arrayReverseFill(
    n -> n.2 = 1,
    arraySort(
      arrayConcat(
        arrayMap(
          t -> (t, 0),
          arrayFilter((t, n) -> lowerUTF8(n) = {q1:String}, event_times, event_names)
        ),
        arrayMap(
          t -> (t, 1),
          arrayFilter((t, n) -> lowerUTF8(n) = {q2:String}, event_times, event_names)
        )
      )
    )
  )
)
-- {"q0":900000,"q1":"orderplaced","q2":"paymentcaptured"}

-- queryWhere 12
1
AND (
  has(node_ids, {q0:UInt64})
  OR (variant = {q1:UInt64})
)
-- {"q0":"11100032009579229313","q1":"11100032009579229312"}

-- queryWhere 13
1
AND (
  if(phase = 'ended', duration_ms, 1794000000000 - intDiv(started, 1000) / 1000) > transform(
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
)
-- {}

-- queryWhere 14
1
AND (
  arrayExists(
    x -> x != '' AND x ILIKE {q0:String},
    error_texts
  )
  AND id IN (
    SELECT id
    FROM (
      SELECT id, arrayJoin(splitByChar(',', members)) AS span
      FROM flows FINAL
      WHERE deleted = 0
    )
    WHERE span IN (
      WITH splitByChar('\n', record) AS lines
      SELECT concat(trace_id, span_id)
      FROM records
      WHERE position(record, {q2:String}) > 0
      AND (
        trim(BOTH '"' FROM JSONExtractRaw(lines[2], {q1:String})) ILIKE {q3:String}
        OR trim(BOTH '"' FROM JSONExtractRaw(lines[3], {q1:String})) ILIKE {q4:String}
      )
    )
  )
)
-- {"q0":"%connection refused%","q1":"region","q2":"\"region\":","q3":"eu%","q4":"eu%"}
