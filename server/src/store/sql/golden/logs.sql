-- logIndex
SELECT
  trace_id, span_id, id, time_ns, received_ms, position, severity, service,
  1 AS matches
FROM logs
WHERE trace_id IN {traces:Array(String)} AND dropped = 0
ORDER BY severity >= 17 DESC, time_ns, id
LIMIT 1 BY trace_id, id
LIMIT 20001

-- logIndex 2
SELECT
  trace_id, span_id, id, time_ns, received_ms, position, severity, service,
  positionCaseInsensitiveUTF8(concat(body, '\n', record), {text:String}) > 0 AS matches
FROM logs
WHERE trace_id IN {traces:Array(String)} AND dropped = 0
ORDER BY severity >= 17 DESC, time_ns, id
LIMIT 1 BY trace_id, id
LIMIT 20001

-- LOGS_BY_IDS
SELECT received_ms, trace_id, span_id, id, time_ns, severity, service, body, record
FROM logs
WHERE trace_id IN {traces:Array(String)} AND id IN {ids:Array(String)} AND dropped = 0
LIMIT 1 BY trace_id, id

-- LOGS_DROPPED
SELECT
  sum(of_one.1) AS records,
  sum(of_one.2) AS errors
FROM (
  SELECT any((dropped, dropped_errors)) AS of_one
  FROM logs
  WHERE trace_id IN {traces:Array(String)} AND dropped > 0
  GROUP BY trace_id, id
)

-- SPANS_RECEIVED
SELECT DISTINCT trace_id, span_id
FROM records
WHERE trace_id IN {traces:Array(String)} AND span_id IN {spans:Array(String)}
