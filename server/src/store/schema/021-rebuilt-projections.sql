-- What a merge of versions leaves out has to leave the table's projections as well (see 022).
ALTER TABLE flows {on_cluster}
  MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'
