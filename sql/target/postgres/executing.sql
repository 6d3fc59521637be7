-- The statements that execute in sessions of runs, in this database. The time of their start, to the microsecond, tells a
-- session's statement from its next.
SELECT pid,
       application_name,
       state,
       EXTRACT(EPOCH FROM query_start)::text AS started
FROM pg_stat_activity
WHERE application_name LIKE 'bench %'
  AND state = 'active'
  AND datname = current_database()
  AND pid <> pg_backend_pid()
