-- Indexes for the page of a flow, which reads the children and the former ids of the flow. Few rows
-- have a parent or a new id, so most granules are skipped.
ALTER TABLE flows {on_cluster}
  ADD INDEX IF NOT EXISTS by_parent parent_id TYPE bloom_filter(0.01) GRANULARITY 1,
  ADD INDEX IF NOT EXISTS by_moved moved_to TYPE bloom_filter(0.01) GRANULARITY 1
