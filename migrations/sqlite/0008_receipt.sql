-- Why: a receipt says how far a chain is held and how far the newest verified backup covers it. `chain.backed_up` counts
-- the frames from 0 that a backup had when it was read back. `backup` remembers every try, the failed ones too, so that
-- people see that there is no good one. A hub keeps the receipts of the office to hand them on. A tablet that may be
-- wiped without a receipt was released by a person, with a reason.
ALTER TABLE chain ADD COLUMN backed_up INTEGER NOT NULL DEFAULT 0;

-- Unfinished while `finished_at` is NULL; good when it is finished without `error`. Unix seconds, bytes of the file.
CREATE TABLE backup (
  number INTEGER NOT NULL PRIMARY KEY,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  position INTEGER,
  bytes INTEGER,
  file TEXT,
  error TEXT
) STRICT;

CREATE TABLE office_receipt (
  session BLOB NOT NULL PRIMARY KEY,
  frames INTEGER NOT NULL,
  backed_up INTEGER NOT NULL,
  receipt BLOB NOT NULL
) STRICT;

CREATE TABLE tablet_release (
  device BLOB NOT NULL,
  at INTEGER NOT NULL,
  username TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (device, at, username)
) STRICT;
