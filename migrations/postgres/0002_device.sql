-- Why: who may speak to the office. A device is a long-lived P-256 key; a grant puts it on one service day and
-- gives it the letter that its tickets carry (A-017), so no two devices of a day share one.
CREATE TABLE device (
  id BYTEA NOT NULL PRIMARY KEY,
  public_key BYTEA NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE day_grant (
  device BYTEA NOT NULL REFERENCES device (id),
  day BYTEA NOT NULL,
  label TEXT NOT NULL,
  username TEXT NOT NULL,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (device, day),
  UNIQUE (day, label)
);
