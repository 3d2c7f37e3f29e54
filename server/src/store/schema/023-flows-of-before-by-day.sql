-- Parts of before get the projection in the background, and are read as before until then.
ALTER TABLE flows {on_cluster}
  MATERIALIZE PROJECTION by_day
