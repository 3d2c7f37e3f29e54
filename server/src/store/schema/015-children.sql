-- A flow's page asks which flows are part of it, and under which names it was known: few are, so that most granules are skipped.
ALTER TABLE flows {on_cluster}
  ADD INDEX IF NOT EXISTS by_parent parent_id TYPE bloom_filter(0.01) GRANULARITY 1,
  ADD INDEX IF NOT EXISTS by_moved moved_to TYPE bloom_filter(0.01) GRANULARITY 1
