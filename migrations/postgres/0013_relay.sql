-- Why: on a hub. A session that went on in two ways goes up whole: `relayed_branch` says which frames of a second way the
-- office (its log) said it holds, and `branch_receipt` keeps what the office said of such a way, which is named by the first
-- frame that is not in the chain held here. `office_notice` is what the office keeps aside of what came through here, with
-- the code of the reason, to be handed on to the tablet that wrote it; an empty code says that it was accepted after all.
CREATE TABLE relayed_branch (
  session BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  log BYTEA NOT NULL,
  PRIMARY KEY (session, hash)
);

CREATE TABLE office_notice (
  document BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  session BYTEA NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (document, hash)
);
CREATE INDEX office_notice_session ON office_notice (session);

CREATE TABLE branch_receipt (
  session BYTEA NOT NULL,
  way BYTEA NOT NULL,
  frames BIGINT NOT NULL,
  backed_up BIGINT NOT NULL,
  receipt BYTEA NOT NULL,
  PRIMARY KEY (session, way)
);
