-- Why: which service days come is asked for every minute, and must not read the days of all years.
CREATE INDEX document_view_date ON document_view (json_extract(view, '$.date')) WHERE kind = 4;
