-- Why: what a scope lists as one sum, so that a tablet and a node see at the end of an exchange whether they hold the
-- same. `sum` = sum mod 2^256 of SHA-256("mpp.digest.1" || document || change hash), big end first. Written in the
-- transaction that enters the change; can be made again from scope_entry.
CREATE TABLE scope_digest (
  scope TEXT NOT NULL PRIMARY KEY,
  sum BYTEA NOT NULL,
  count BIGINT NOT NULL
);

-- What a device's chains gave away about it: its storage went back in time ('rolled_back': `claimed` frames of `session`
-- known to it, `held` here), or two copies of it went on ('forked').
CREATE TABLE device_event (
  device BYTEA NOT NULL,
  session BYTEA NOT NULL,
  kind TEXT NOT NULL,
  claimed BIGINT NOT NULL,
  held BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (device, session, kind)
);

-- Frames of a second branch of a session: authentic, so they are kept; `hash` names the frame, `previous` the one before.
CREATE TABLE branch_frame (
  session BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  number BIGINT NOT NULL,
  saves BIGINT NOT NULL,
  last_save BYTEA NOT NULL,
  bytes BYTEA NOT NULL,
  received_at BIGINT NOT NULL,
  PRIMARY KEY (session, hash)
);
