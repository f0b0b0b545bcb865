-- Why: a tablet chooses a tracking code and anybody types a user name, and a B-tree refuses a row with a text beyond
-- 2,700 bytes. A refused row would stop the projection or the login; a hash index takes any length.
DROP INDEX visit_row_tracking;
CREATE INDEX visit_row_tracking ON visit_row USING hash (tracking);
DROP INDEX application_row_tracking;
CREATE INDEX application_row_tracking ON application_row USING hash (tracking);
DROP INDEX login_failure_pair;
CREATE INDEX login_failure_username ON login_failure USING hash (username);
