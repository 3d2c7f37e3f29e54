-- A copy of what lenses read, in the order of day and type: rows of `flows` lie in the order of random ids, so a day of one
-- type would unpack these columns of all flows. The engine reads it by itself (`sql/population.sql.ts`). It has rows of all
-- versions.
ALTER TABLE flows {on_cluster}
  ADD PROJECTION IF NOT EXISTS by_day (
    SELECT
      id, version, deleted, environment, type, phase, outcome, health, status, settles_as, settles_at, started, duration_ms,
      services, key_names, key_values, step_names, step_starts, event_names, event_times, variant, node_ids, node_ms,
      node_flags, edge_ids, edge_ms, edge_flags, segment_ids, segment_ms, trait_ids, trait_ms, trait_flags, mark_ids
    ORDER BY intDiv(started, 86400000000000), type, started
  )
