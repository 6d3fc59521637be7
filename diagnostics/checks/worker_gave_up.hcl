check "BEN0105" "worker_gave_up" {
  title  = "No worker gave up"
  step   = "workers"
  source = "run"
  live   = true

  sql = <<-SQL
    SELECT WORKER_ID AS worker, HOST AS host, PID AS pid, STAGE AS stage, FATAL_REASON AS fatal, LAST_ERROR AS last_error
    FROM WORKER_HEARTBEATS
    WHERE RUN_ID = ${run}
  SQL

  empty   = "skip"
  subject = row.worker
  fail_if = row.fatal != ""
  reason  = row.fatal == "" ? "${row.worker} did not give up" : "${row.worker} (pid ${row.pid} on ${row.host}) gave up at ${row.stage}, ${row.fatal}: ${row.last_error}"

  remedy  = "What the database said stands in the sentence. For a login: user, password, address, limit of sessions."
  runbook = <<-TEXT
    A worker that cannot do its part says why in its last heartbeat and ends; the run ends with it.
  TEXT

  fixture "none" {
    expect = "pass"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STAGE = "load" }] }
  }
  fixture "login refused" {
    expect = "fail"
    reason = "gave up at login, target_unreachable: connection refused"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STAGE = "login", PID = 7, HOST = "h", FATAL_REASON = "target_unreachable", LAST_ERROR = "connection refused" }] }
  }
}
