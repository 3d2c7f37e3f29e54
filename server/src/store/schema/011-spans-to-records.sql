-- Run twice, it leaves duplicates, which reads remove. A block may hold any number of days.
INSERT INTO records (batch, received_ms, trace_id, span_id, service, environment, version, record)
SELECT batch, received_ms, trace_id, span_id, service, environment, JSONExtractString(resource, 'service.version'),
  concat(
    '[', toJSONString(parent_id), ',', toJSONString(event_name), ',', toString(kind), ',', toString(flags), ',',
    toJSONString(name), ',"', toString(start_ns), '","', toString(end_ns), '",', toString(status_code), ',',
    toJSONString(status_message), ',', toJSONString(trace_state), ',', toJSONString(scope), ']',
    '\n', attributes, '\n', resource, '\n', events, '\n', links)
FROM spans
SETTINGS max_partitions_per_insert_block = 0
