-- Why: who may speak to the office. A device is a long-lived P-256 key; a grant puts it on one service day and
-- gives it the letter that its tickets carry (A-017), so no two devices of a day share one.
CREATE TABLE device (
  id BLOB NOT NULL PRIMARY KEY,
  public_key BLOB NOT NULL,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE day_grant (
  device BLOB NOT NULL REFERENCES device (id),
  day BLOB NOT NULL,
  label TEXT NOT NULL,
  username TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (device, day),
  UNIQUE (day, label)
) STRICT;
