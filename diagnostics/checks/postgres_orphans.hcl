check "BEN0604" "postgres_orphans" {
  title     = "No statement of another run is left on the database"
  step      = "target"
  source    = "target"
  target    = "postgres"
  preflight = true

  sql = <<-SQL
    SELECT COUNT(*) FILTER (WHERE application_name LIKE 'bench 0%') AS sessions,
           COUNT(*) FILTER (WHERE application_name LIKE 'bench 0%' AND application_name <> 'bench ' || ${run} AND state = 'active') AS orphans,
           COALESCE(MIN(pid) FILTER (WHERE application_name LIKE 'bench 0%' AND application_name <> 'bench ' || ${run} AND state = 'active'), 0) AS pid,
           COALESCE(MIN(application_name) FILTER (WHERE application_name LIKE 'bench 0%' AND application_name <> 'bench ' || ${run} AND state = 'active'), '') AS example
    FROM pg_stat_activity
  SQL

  warn_if = row.orphans > 0
  fail_if = false
  reason  = row.orphans == 0 ? "${plural(row.sessions, "session")} of runs, none of another run is active" : "${plural(row.orphans, "statement")} of other runs still execute, among them pid ${row.pid} of ${row.example}"

  remedy  = "If that run is over: SELECT pg_cancel_backend(${row.pid}); else the two runs measure each other."
  runbook = <<-TEXT
    A worker that was killed leaves its statement to the database, which may not notice for as long as it executes.
  TEXT

  fixture "none" {
    expect = "pass"
    rows   = [{ sessions = 4, orphans = 0, pid = 0, example = "" }]
  }
  fixture "left" {
    expect = "warn"
    reason = "2 statements of other runs still execute"
    rows   = [{ sessions = 4, orphans = 2, pid = 77, example = "bench 01ABC" }]
  }
}
