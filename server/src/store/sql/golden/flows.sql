-- SUMMARY_FIELDS
id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
judgement, health, status, status_since, started, last_progress, ended, duration_ms,
raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms

-- flowsSeenAt
(
  WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
  SELECT * REPLACE (
    if(is_settled, 'ended', phase) AS phase,
    if(is_settled, settles_as, outcome) AS outcome,
    if(is_settled, settles_as, status) AS status
  )
  FROM flows FINAL
  WHERE deleted = 0
)

-- isSince
(
  started >= {from:UInt64}
  AND intDiv(started, 86400000000000) >= intDiv({from:UInt64}, 86400000000000)
)

-- isBefore
(
  started < {to:UInt64}
  AND intDiv(started, 86400000000000) <= intDiv({to:UInt64}, 86400000000000)
)

-- flowsPage
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  started AS value
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
AND (started, id) > ({afterStarted:UInt64}, {afterId:String})
ORDER BY started ASC, id ASC
LIMIT {limit:UInt32}

-- flowsPage 2
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  started AS value
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
ORDER BY started DESC, id DESC
LIMIT {limit:UInt32}

-- flowsPage 3
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  toUInt64(1000 * greatest(
    0,
    if(phase = 'ended', duration_ms, 1794000000000 - intDiv(started, 1000) / 1000)
  )) AS value
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
AND (value, started, id) > ({afterValue:UInt64}, {afterStarted:UInt64}, {afterId:String})
ORDER BY value ASC, started ASC, id ASC
LIMIT {limit:UInt32}

-- flowsPage 4
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  toUInt64(1000 * greatest(
    0,
    if(phase = 'ended', duration_ms, 1794000000000 - intDiv(started, 1000) / 1000)
  )) AS value
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
ORDER BY value DESC, started DESC, id DESC
LIMIT {limit:UInt32}

-- flowsPage 5
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  last_progress AS value
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
AND (value, started, id) > ({afterValue:UInt64}, {afterStarted:UInt64}, {afterId:String})
ORDER BY value ASC, started ASC, id ASC
LIMIT {limit:UInt32}

-- flowsPage 6
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  last_progress AS value
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
ORDER BY value DESC, started DESC, id DESC
LIMIT {limit:UInt32}

-- flowsPage 7
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  if(
    empty(waiting_steps),
    toUInt64(9007199254740991),
    toUInt64(9007199254740991 - arrayMin(
      one -> JSONExtractFloat(one, 'since'),
      JSONExtractArrayRaw(judgement, 1)
    ))
  ) AS value
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
AND (value, started, id) > ({afterValue:UInt64}, {afterStarted:UInt64}, {afterId:String})
ORDER BY value ASC, started ASC, id ASC
LIMIT {limit:UInt32}

-- flowsPage 8
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  if(
    empty(waiting_steps),
    toUInt64(0),
    toUInt64(9007199254740991 - arrayMin(
      one -> JSONExtractFloat(one, 'since'),
      JSONExtractArrayRaw(judgement, 1)
    ))
  ) AS value
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
ORDER BY value DESC, started DESC, id DESC
LIMIT {limit:UInt32}

-- durationAt
if(phase = 'ended', duration_ms, 1794000000000 - intDiv(started, 1000) / 1000)

-- flowsCount
SELECT count() AS total
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

-- FLOWS_BY_IDS
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms
FROM flows FINAL
WHERE id IN {ids:Array(String)} AND deleted = 0

-- FLOWS_BY_IDS_IN_ORDER
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms
FROM flows FINAL
WHERE id IN {ids:Array(String)} AND deleted = 0
ORDER BY id

-- WHOLE_FLOWS_BY_IDS
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  timeline
FROM flows FINAL
WHERE id IN {ids:Array(String)} AND deleted = 0
ORDER BY cityHash64(id)

-- FLOW_BY_ID
SELECT
  id, version, environment, type, key, flow_id, run, phase, outcome, settles_as, settles_at,
  judgement, health, status, status_since, started, last_progress, ended, duration_ms,
  raw_duration_ms, step_count, failed_steps, most_attempts, services, key_names, key_values,
  parent_id, incomplete, truncated, badges, span_count, last_received, computed_ms,
  timeline, members, context
FROM flows FINAL
WHERE id = {id:String} AND deleted = 0

-- ALIASES_OF_FLOW
SELECT id
FROM flows FINAL
WHERE deleted = 1 AND moved_to = {id:String}
ORDER BY id
LIMIT 100

-- NAME_OF_FLOW
SELECT id, deleted, moved_to
FROM flows FINAL
WHERE id = {name:String}

-- FLOWS_BY_OTHER_NAME
SELECT id
FROM flows FINAL
WHERE deleted = 0 AND (
  flow_id = {name:String}
  OR has(key_values, {name:String})
  OR has(trace_ids, {name:String})
  OR arrayExists(t -> endsWith(t, concat(char(0), {name:String})), tokens)
  OR (length({name:String}) = 16 AND position(members, {name:String}) > 0)
)
ORDER BY started DESC
LIMIT 100

-- SPANS_OF_FLOW
SELECT members, context
FROM flows FINAL
WHERE id IN ({id:String}) AND deleted != 1

-- SPANS_OF_FLOWS
SELECT id, members, context
FROM flows FINAL
WHERE id IN {ids:Array(String)} AND deleted = 0

-- openFlowsBlock
SELECT id, type, settles_at, look_at
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
WHERE (phase != 'ended' OR look_at > 0)
AND id > {after:String}
ORDER BY id
LIMIT 20000 WITH TIES

-- flowsWithFindingsBlock
SELECT id
FROM flows FINAL
WHERE deleted = 0 AND notEmpty(finding_rules)
AND id > {after:String}
ORDER BY id
LIMIT 20000 WITH TIES
