-- Old sessions are found in their order. New rows take the place of deleted ones, so that soon every range of the
-- BRIN index held rows of every age, and to find some old ones took to read the whole table.

DROP INDEX ussd_session_by_start;
CREATE INDEX ussd_session_by_start ON ussd_session (started_at);

-- Sessions are found by their keys alone, which no statistics change: under load they were gathered once a minute.
ALTER TABLE ussd_session SET (autovacuum_analyze_scale_factor = 5);
