-- Why: the PostgreSQL folder changes indexes here that cannot hold long texts. SQLite's can; the number is taken in
-- both so that the folders stay alike.
SELECT 1;
