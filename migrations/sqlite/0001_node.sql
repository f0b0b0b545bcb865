-- Why: what this storage is. `log_id` names the log and is new after a restore; `created_at` is unix seconds;
-- the projection's cursor lives here too, because it belongs to this folder and not to the log.
CREATE TABLE node (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
