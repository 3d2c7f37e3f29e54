-- A flow's page asks which other flows have a business key of it, or are called as one: few are, so that most granules are skipped.
ALTER TABLE flows {on_cluster}
  ADD INDEX IF NOT EXISTS by_key key_values TYPE bloom_filter(0.01) GRANULARITY 1,
  ADD INDEX IF NOT EXISTS by_flow_id flow_id TYPE bloom_filter(0.01) GRANULARITY 1
