-- Why: the truth. Chains and frames prove who wrote what; change_log holds every accepted change in the order of
-- this node; scope_entry says which change may travel to whom; quarantine keeps what could not be accepted.
-- Rows are only ever added (a quarantined change leaves when it is accepted). All else can be rebuilt from here.

-- The one row that hands out positions: read and written inside the appending transaction.
CREATE TABLE log_head (
  id BIGINT NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL,
  rolling BYTEA NOT NULL
);
INSERT INTO log_head (id, position, rolling) VALUES (1, 0, '\x0000000000000000');

-- One start of an app on a device. `frames` = how many frames are held, without gaps; `head_hash` = the last one's.
-- `saves` and `last_save` say the same of the saves inside them.
CREATE TABLE chain (
  session BYTEA NOT NULL PRIMARY KEY,
  device BYTEA NOT NULL,
  header BYTEA NOT NULL,
  frames BIGINT NOT NULL,
  changes BIGINT NOT NULL,
  head_hash BYTEA NOT NULL,
  saves BIGINT NOT NULL,
  last_save BYTEA NOT NULL,
  day BYTEA,
  officer TEXT NOT NULL,
  last_at BIGINT NOT NULL
);
CREATE INDEX chain_device ON chain (device);

CREATE TABLE frame (
  session BYTEA NOT NULL,
  number BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  bytes BYTEA NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (session, number)
);

-- `rolling` = first 8 bytes of SHA-256(previous rolling || document || hash): a cursor that names a position proves
-- with it that it speaks of this log. `counter` only on a document's first change.
CREATE TABLE change_log (
  position BIGINT NOT NULL PRIMARY KEY,
  document BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  kind BIGINT NOT NULL,
  counter BIGINT,
  session BYTEA NOT NULL,
  frame BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  bytes BYTEA NOT NULL,
  received_at BIGINT NOT NULL,
  rolling BYTEA NOT NULL,
  UNIQUE (document, hash)
);

-- `position` is where the change entered the scope: its own position, or a later one when the whole document did.
CREATE TABLE scope_entry (
  document BYTEA NOT NULL,
  scope TEXT NOT NULL,
  hash BYTEA NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (document, scope, hash)
);
CREATE INDEX scope_entry_scope ON scope_entry (scope, position, document, hash);

CREATE TABLE quarantine (
  document BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  kind BIGINT NOT NULL,
  counter BIGINT,
  session BYTEA NOT NULL,
  frame BIGINT NOT NULL,
  bytes BYTEA NOT NULL,
  code TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  retried BIGINT NOT NULL,
  PRIMARY KEY (document, hash)
);
CREATE INDEX quarantine_session ON quarantine (session);
