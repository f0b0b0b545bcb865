-- Why: a receipt says how far a chain is held and how far the newest verified backup covers it. `chain.backed_up` counts
-- the frames from 0 that a backup had when it was read back. `backup` remembers every try, the failed ones too, so that
-- people see that there is no good one. A hub keeps the receipts of the office to hand them on. A tablet that may be
-- wiped without a receipt was released by a person, with a reason.
ALTER TABLE chain ADD COLUMN backed_up BIGINT NOT NULL DEFAULT 0;

-- Unfinished while `finished_at` is NULL; good when it is finished without `error`. Unix seconds, bytes of the file.
CREATE TABLE backup (
  number BIGINT NOT NULL PRIMARY KEY,
  started_at BIGINT NOT NULL,
  finished_at BIGINT,
  position BIGINT,
  bytes BIGINT,
  file TEXT,
  error TEXT
);

CREATE TABLE office_receipt (
  session BYTEA NOT NULL PRIMARY KEY,
  frames BIGINT NOT NULL,
  backed_up BIGINT NOT NULL,
  receipt BYTEA NOT NULL
);

CREATE TABLE tablet_release (
  device BYTEA NOT NULL,
  at BIGINT NOT NULL,
  username TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (device, at, username)
);
