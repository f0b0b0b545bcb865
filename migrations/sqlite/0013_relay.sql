-- Why: on a hub. A session that went on in two ways goes up whole: `relayed_branch` says which frames of a second way the
-- office (its log) said it holds, and `branch_receipt` keeps what the office said of such a way, which is named by the first
-- frame that is not in the chain held here. `office_notice` is what the office keeps aside of what came through here, with
-- the code of the reason, to be handed on to the tablet that wrote it; an empty code says that it was accepted after all.
CREATE TABLE relayed_branch (
  session BLOB NOT NULL,
  hash BLOB NOT NULL,
  log BLOB NOT NULL,
  PRIMARY KEY (session, hash)
) STRICT;

CREATE TABLE office_notice (
  document BLOB NOT NULL,
  hash BLOB NOT NULL,
  session BLOB NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (document, hash)
) STRICT;
CREATE INDEX office_notice_session ON office_notice (session);

CREATE TABLE branch_receipt (
  session BLOB NOT NULL,
  way BLOB NOT NULL,
  frames INTEGER NOT NULL,
  backed_up INTEGER NOT NULL,
  receipt BLOB NOT NULL,
  PRIMARY KEY (session, way)
) STRICT;
