-- ZSTD for the same reason as in migration 013. These columns hold nearly all bytes of a flow's
-- row.
ALTER TABLE flows {on_cluster}
  MODIFY COLUMN timeline CODEC(ZSTD(1)),
  MODIFY COLUMN tokens CODEC(ZSTD(1)),
  MODIFY COLUMN members CODEC(ZSTD(1)),
  MODIFY COLUMN context CODEC(ZSTD(1)),
  MODIFY COLUMN judgement CODEC(ZSTD(1)),
  MODIFY COLUMN trace_ids CODEC(ZSTD(1))
