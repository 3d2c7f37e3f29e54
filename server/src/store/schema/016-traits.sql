-- What lenses count of a flow (`analyze/trait.ts`): ids of traits, what was measured of each, and flags. A row of before
-- has none, and is not counted until it is projected again. Ids repeat from flow to flow, and so do flags.
ALTER TABLE flows {on_cluster}
  ADD COLUMN IF NOT EXISTS variant UInt64,
  ADD COLUMN IF NOT EXISTS node_ids Array(UInt64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS node_ms Array(Float64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS node_flags Array(UInt32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS edge_ids Array(UInt64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS edge_ms Array(Float64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS edge_flags Array(UInt32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS segment_ids Array(UInt64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS segment_ms Array(Float64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS trait_ids Array(UInt64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS trait_ms Array(Float64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS trait_flags Array(UInt32) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS mark_ids Array(UInt64) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS error_texts Array(String)
