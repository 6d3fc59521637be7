check "BEN0601" "postgres_locks" {
  title  = "No statement of the run waits for a lock of somebody else"
  step   = "target"
  source = "target"
  target = "postgres"
  live   = false

  param "max_s" {
    default     = 2
    unit        = "s"
    description = "How long a statement may wait for another application's lock."
  }

  sql = <<-SQL
    SELECT COUNT(*) AS sessions,
           COUNT(B.pid) AS waiting,
           CAST(COALESCE(MAX(EXTRACT(EPOCH FROM clock_timestamp() - W.state_change)) FILTER (WHERE B.pid IS NOT NULL), 0) AS DOUBLE PRECISION) AS oldest_s,
           COALESCE(MIN(B.pid), 0) AS blocker,
           COALESCE(MIN(B.application_name || ' (' || B.usename || ', ' || COALESCE(B.state, 'of a role that this one may not look into') || ')'), 'nobody') AS who,
           COALESCE(MIN(left(B.query, 80)), '') AS query
    FROM pg_stat_activity AS W
    LEFT JOIN LATERAL (
      SELECT A.*
      FROM pg_stat_activity AS A
      WHERE A.pid = ANY (pg_blocking_pids(W.pid))
        AND A.application_name <> 'bench ' || ${run}
      ORDER BY A.xact_start
      LIMIT 1
    ) AS B ON W.wait_event_type = 'Lock'
    WHERE W.application_name = 'bench ' || ${run}
  SQL

  too_few_if = row.sessions == 0
  fail_if    = row.waiting > 0 && row.oldest_s > param.max_s
  warn_if    = row.waiting > 0
  reason     = row.waiting == 0 ? "${plural(row.sessions, "session")} of bench, none waits for a lock of others" : "${row.waiting} of ${row.sessions} sessions wait for a lock, the longest for ${span(row.oldest_s)}, held by pid ${row.blocker} ${row.who}: ${row.query}"
  clears     = "locks"

  remedy  = "SELECT pg_cancel_backend(${row.blocker}); -- or pg_terminate_backend, when it is idle in a transaction"
  wait    = "30s"
  runbook = <<-TEXT
    Sessions of the run queue behind a transaction that is not the run's: a migration, a VACUUM FULL, a shell that is idle in
    a transaction. The run measures that wait, not the database.
  TEXT

  fixture "free" {
    expect = "pass"
    rows   = [{ sessions = 64, waiting = 0, oldest_s = 0, blocker = 0, who = "nobody", query = "" }]
  }
  fixture "no session is seen" {
    expect = "undetermined"
    rows   = [{ sessions = 0, waiting = 0, oldest_s = 0, blocker = 0, who = "nobody", query = "" }]
  }
  fixture "blocked" {
    expect = "fail"
    reason = "64 of 64 sessions wait for a lock, the longest for 45s, held by pid 7 psql"
    rows   = [{ sessions = 64, waiting = 64, oldest_s = 45, blocker = 7, who = "psql (me, idle in transaction)", query = "LOCK TABLE t" }]
  }
}
