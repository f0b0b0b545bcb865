-- Why: data that is erased by law stays erased. A tombstone says which document, signed by the office's node (`bytes`); it is
-- sent to whoever reads a scope that listed the document, and keeps its changes from coming back. `position` is the place
-- in the log where the erasure stands. In `change_log` the rows of an erased document stay with empty `bytes`: cursors and
-- the running hash need their names. The same holds for frames, in which only names are left.
CREATE TABLE tombstone (
  document BLOB NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX tombstone_position ON tombstone (position);

CREATE TABLE tombstone_scope (
  scope TEXT NOT NULL,
  document BLOB NOT NULL,
  PRIMARY KEY (scope, document)
) STRICT;
