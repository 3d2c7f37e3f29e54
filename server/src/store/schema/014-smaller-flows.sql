-- As 013: of a flow row's bytes these are nearly all.
ALTER TABLE flows {on_cluster}
  MODIFY COLUMN timeline CODEC(ZSTD(1)),
  MODIFY COLUMN tokens CODEC(ZSTD(1)),
  MODIFY COLUMN members CODEC(ZSTD(1)),
  MODIFY COLUMN context CODEC(ZSTD(1)),
  MODIFY COLUMN judgement CODEC(ZSTD(1)),
  MODIFY COLUMN trace_ids CODEC(ZSTD(1))
