-- What order, messages, retries and waits are searched by: steps by name and messages by type, with their instants in ms.
ALTER TABLE flows {on_cluster}
  ADD COLUMN IF NOT EXISTS event_names Array(String),
  ADD COLUMN IF NOT EXISTS event_times Array(UInt64),
  ADD COLUMN IF NOT EXISTS hop_types Array(String),
  ADD COLUMN IF NOT EXISTS most_attempts UInt32,
  ADD COLUMN IF NOT EXISTS longest_wait_ms Float64
