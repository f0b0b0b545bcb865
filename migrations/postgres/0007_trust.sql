-- Why: who is believed. Certificates that the root key signed (of this office, its hubs and later root keys), grants as
-- signed bytes that travel with a device's frames, what was revoked, and devices that entered with their grant.
-- Revocations stand apart from `device`: a hub hears of devices that it has never met.
CREATE TABLE certificate (
  node BYTEA NOT NULL PRIMARY KEY,
  role BIGINT NOT NULL,
  serial BIGINT NOT NULL,
  bytes BYTEA NOT NULL
);

CREATE TABLE signed_grant (
  device BYTEA NOT NULL,
  day BYTEA NOT NULL,
  bytes BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  PRIMARY KEY (device, day)
);

CREATE TABLE revocation (
  device BYTEA NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL
);

-- `nonce` is unique, so that a challenge lets somebody in once.
CREATE TABLE device_session (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  device BYTEA NOT NULL,
  hub BIGINT NOT NULL,
  nonce BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX device_session_device ON device_session (device);

-- Hubs: of the codes only hashes are kept, each good once; `state` is what the hub said of itself, as JSON.
CREATE TABLE hub_code (
  code_hash BYTEA NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE hub (
  device BYTEA NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  enrolled_by TEXT NOT NULL,
  enrolled_at BIGINT NOT NULL,
  last_at BIGINT,
  state TEXT NOT NULL
);

CREATE TABLE hub_day (
  hub BYTEA NOT NULL,
  day BYTEA NOT NULL,
  PRIMARY KEY (hub, day)
);

-- On a hub: how many frames of a chain the office said it holds.
CREATE TABLE relayed_chain (
  session BYTEA NOT NULL PRIMARY KEY,
  log BYTEA NOT NULL,
  frames BIGINT NOT NULL
);
