-- Why: people of the office and the field. This lives outside the log: a restore brings back yesterday's accounts,
-- and everybody signs in again. Only the hash of a session token is kept, so a stolen backup opens no session.
CREATE TABLE account (
  username TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  roles TEXT NOT NULL,
  agency TEXT,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER
) STRICT;

CREATE TABLE web_session (
  token_hash BLOB NOT NULL PRIMARY KEY,
  username TEXT NOT NULL REFERENCES account (username),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX web_session_expires ON web_session (expires_at);

-- One row per wrong password: ten from one address for one name within the window lock the pair.
CREATE TABLE login_failure (
  username TEXT NOT NULL,
  address TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failure_pair ON login_failure (username, address, at);
