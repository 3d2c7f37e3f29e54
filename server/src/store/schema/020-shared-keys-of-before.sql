-- Large parts of earlier versions may never merge again, and get the indexes of 019 now. This is a statement of its own,
-- because some engines of databases refuse one that both adds and builds.
ALTER TABLE flows {on_cluster}
  MATERIALIZE INDEX by_key,
  MATERIALIZE INDEX by_flow_id
