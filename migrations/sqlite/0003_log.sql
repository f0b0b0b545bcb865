-- Why: the truth. Chains and frames prove who wrote what; change_log holds every accepted change in the order of
-- this node; scope_entry says which change may travel to whom; quarantine keeps what could not be accepted.
-- Rows are only ever added (a quarantined change leaves when it is accepted). All else can be rebuilt from here.

-- The one row that hands out positions: read and written inside the appending transaction.
CREATE TABLE log_head (
  id INTEGER NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL,
  rolling BLOB NOT NULL
) STRICT;
INSERT INTO log_head (id, position, rolling) VALUES (1, 0, X'0000000000000000');

-- One start of an app on a device. `frames` = how many frames are held, without gaps; `head_hash` = the last one's.
-- `saves` and `last_save` say the same of the saves inside them.
CREATE TABLE chain (
  session BLOB NOT NULL PRIMARY KEY,
  device BLOB NOT NULL,
  header BLOB NOT NULL,
  frames INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  head_hash BLOB NOT NULL,
  saves INTEGER NOT NULL,
  last_save BLOB NOT NULL,
  day BLOB,
  officer TEXT NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX chain_device ON chain (device);

CREATE TABLE frame (
  session BLOB NOT NULL,
  number INTEGER NOT NULL,
  hash BLOB NOT NULL,
  bytes BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (session, number)
) STRICT;

-- `rolling` = first 8 bytes of SHA-256(previous rolling || document || hash): a cursor that names a position proves
-- with it that it speaks of this log. `counter` only on a document's first change.
CREATE TABLE change_log (
  position INTEGER NOT NULL PRIMARY KEY,
  document BLOB NOT NULL,
  hash BLOB NOT NULL,
  kind INTEGER NOT NULL,
  counter INTEGER,
  session BLOB NOT NULL,
  frame INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  rolling BLOB NOT NULL,
  UNIQUE (document, hash)
) STRICT;

-- `position` is where the change entered the scope: its own position, or a later one when the whole document did.
CREATE TABLE scope_entry (
  document BLOB NOT NULL,
  scope TEXT NOT NULL,
  hash BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (document, scope, hash)
) STRICT;
CREATE INDEX scope_entry_scope ON scope_entry (scope, position, document, hash);

CREATE TABLE quarantine (
  document BLOB NOT NULL,
  hash BLOB NOT NULL,
  kind INTEGER NOT NULL,
  counter INTEGER,
  session BLOB NOT NULL,
  frame INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  code TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  retried INTEGER NOT NULL,
  PRIMARY KEY (document, hash)
) STRICT;
CREATE INDEX quarantine_session ON quarantine (session);
