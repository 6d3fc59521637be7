-- What the sessions of a run ($1, their application_name) are at. Sessions without a wait run on a processor, or wait for one.
SELECT state,
       COALESCE(wait_event_type, '') AS wait_type,
       COALESCE(wait_event, '') AS wait_event,
       COUNT(*) AS sessions
FROM pg_stat_activity
WHERE application_name = $1
  AND datname = current_database()
  AND state IS NOT NULL
GROUP BY state, wait_event_type, wait_event
