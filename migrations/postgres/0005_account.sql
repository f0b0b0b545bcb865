-- Why: people of the office and the field. This lives outside the log: a restore brings back yesterday's accounts,
-- and everybody signs in again. Only the hash of a session token is kept, so a stolen backup opens no session.
CREATE TABLE account (
  username TEXT NOT NULL PRIMARY KEY,
  display_name TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  roles TEXT NOT NULL,
  agency TEXT,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT
);

CREATE TABLE web_session (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  username TEXT NOT NULL REFERENCES account (username),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX web_session_expires ON web_session (expires_at);

-- One row per wrong password: ten from one address for one name within the window lock the pair.
CREATE TABLE login_failure (
  username TEXT NOT NULL,
  address TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX login_failure_pair ON login_failure (username, address, at);
