-- Why: what a scope lists as one sum, so that a tablet and a node see at the end of an exchange whether they hold the
-- same. `sum` = sum mod 2^256 of SHA-256("mpp.digest.1" || document || change hash), big end first. Written in the
-- transaction that enters the change; can be made again from scope_entry.
CREATE TABLE scope_digest (
  scope TEXT NOT NULL PRIMARY KEY,
  sum BLOB NOT NULL,
  count INTEGER NOT NULL
) STRICT;

-- What a device's chains gave away about it: its storage went back in time ('rolled_back': `claimed` frames of `session`
-- known to it, `held` here), or two copies of it went on ('forked').
CREATE TABLE device_event (
  device BLOB NOT NULL,
  session BLOB NOT NULL,
  kind TEXT NOT NULL,
  claimed INTEGER NOT NULL,
  held INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (device, session, kind)
) STRICT;

-- Frames of a second branch of a session: authentic, so they are kept; `hash` names the frame, `previous` the one before.
CREATE TABLE branch_frame (
  session BLOB NOT NULL,
  hash BLOB NOT NULL,
  number INTEGER NOT NULL,
  saves INTEGER NOT NULL,
  last_save BLOB NOT NULL,
  bytes BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (session, hash)
) STRICT;
