-- What is said of a flow: as what it settles, what it waits for and what is wrong with it, and when that may change.
-- `judgement` is JSON of [waitingFor, findings]; the two arrays are what is searched.
ALTER TABLE flows {on_cluster}
  ADD COLUMN IF NOT EXISTS settles_as String,
  ADD COLUMN IF NOT EXISTS look_at UInt64,
  ADD COLUMN IF NOT EXISTS judgement String,
  ADD COLUMN IF NOT EXISTS finding_rules Array(String),
  ADD COLUMN IF NOT EXISTS waiting_steps Array(String),
  ADD COLUMN IF NOT EXISTS incident_keys Array(String)
