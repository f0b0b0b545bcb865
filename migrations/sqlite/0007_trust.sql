-- Why: who is believed. Certificates that the root key signed (of this office, its hubs and later root keys), grants as
-- signed bytes that travel with a device's frames, what was revoked, and devices that entered with their grant.
-- Revocations stand apart from `device`: a hub hears of devices that it has never met.
CREATE TABLE certificate (
  node BLOB NOT NULL PRIMARY KEY,
  role INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE signed_grant (
  device BLOB NOT NULL,
  day BLOB NOT NULL,
  bytes BLOB NOT NULL,
  issued_at INTEGER NOT NULL,
  PRIMARY KEY (device, day)
) STRICT;

CREATE TABLE revocation (
  device BLOB NOT NULL PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;

-- `nonce` is unique, so that a challenge lets somebody in once.
CREATE TABLE device_session (
  token_hash BLOB NOT NULL PRIMARY KEY,
  device BLOB NOT NULL,
  hub INTEGER NOT NULL,
  nonce BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX device_session_device ON device_session (device);

-- Hubs: of the codes only hashes are kept, each good once; `state` is what the hub said of itself, as JSON.
CREATE TABLE hub_code (
  code_hash BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE hub (
  device BLOB NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  enrolled_by TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL,
  last_at INTEGER,
  state TEXT NOT NULL
) STRICT;

CREATE TABLE hub_day (
  hub BLOB NOT NULL,
  day BLOB NOT NULL,
  PRIMARY KEY (hub, day)
) STRICT;

-- On a hub: how many frames of a chain the office said it holds.
CREATE TABLE relayed_chain (
  session BLOB NOT NULL PRIMARY KEY,
  log BLOB NOT NULL,
  frames INTEGER NOT NULL
) STRICT;
