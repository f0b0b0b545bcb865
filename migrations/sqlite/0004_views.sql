-- Why: what people look at, folded from the log. `mpp rebuild` empties these tables and folds again; the result
-- must be the same. Nothing but the projection writes here.
CREATE TABLE document_view (
  document BLOB NOT NULL PRIMARY KEY,
  kind INTEGER NOT NULL,
  day BLOB,
  view TEXT NOT NULL,
  projected_upto INTEGER NOT NULL
) STRICT;
CREATE INDEX document_view_kind ON document_view (kind, document);

-- `nik_key` = HMAC-SHA256(key of this node, NIK): groups residents without holding the number.
-- `regroup` = 1 while the flags of this row's group still have to be computed.
CREATE TABLE resident_row (
  document BLOB NOT NULL PRIMARY KEY,
  nik_key BLOB,
  village TEXT,
  name TEXT NOT NULL,
  search TEXT NOT NULL,
  question INTEGER NOT NULL,
  spelling INTEGER NOT NULL,
  regroup INTEGER NOT NULL
) STRICT;
CREATE INDEX resident_row_nik ON resident_row (nik_key);
CREATE INDEX resident_row_regroup ON resident_row (regroup);

-- One row per resident that a resident's decisions (join, split, spelling) name.
CREATE TABLE resident_link (
  document BLOB NOT NULL,
  other BLOB NOT NULL,
  PRIMARY KEY (document, other)
) STRICT;
CREATE INDEX resident_link_other ON resident_link (other);

CREATE TABLE visit_row (
  document BLOB NOT NULL PRIMARY KEY,
  day BLOB,
  ticket TEXT NOT NULL,
  tracking TEXT NOT NULL,
  resident BLOB
) STRICT;
CREATE INDEX visit_row_tracking ON visit_row (tracking);

CREATE TABLE application_row (
  document BLOB NOT NULL PRIMARY KEY,
  day BLOB,
  visit BLOB,
  resident BLOB,
  service TEXT NOT NULL,
  standard INTEGER NOT NULL,
  ticket TEXT,
  tracking TEXT,
  applicant_name TEXT NOT NULL,
  subject_name TEXT,
  nik_masked TEXT,
  village TEXT,
  status TEXT NOT NULL,
  status_conflict INTEGER NOT NULL,
  field_conflict INTEGER NOT NULL,
  officer TEXT NOT NULL,
  device TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  search TEXT NOT NULL
) STRICT;
CREATE INDEX application_row_updated ON application_row (updated_at);
CREATE INDEX application_row_day ON application_row (day);
CREATE INDEX application_row_resident ON application_row (resident);
CREATE INDEX application_row_tracking ON application_row (tracking);
