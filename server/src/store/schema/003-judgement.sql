-- What is known about a flow besides its spans: the outcome with which it settles, what it waits
-- for, what is wrong with it, and when this may change.
-- `judgement` is JSON of [waitingFor, findings]. The arrays are there for searches.
ALTER TABLE flows {on_cluster}
  ADD COLUMN IF NOT EXISTS settles_as String,
  ADD COLUMN IF NOT EXISTS look_at UInt64,
  ADD COLUMN IF NOT EXISTS judgement String,
  ADD COLUMN IF NOT EXISTS finding_rules Array(String),
  ADD COLUMN IF NOT EXISTS waiting_steps Array(String),
  ADD COLUMN IF NOT EXISTS incident_keys Array(String)
