check "BEN0005" "owner_silent" {
  title      = "The run's owner still writes"
  step       = "owner"
  source     = "run"
  depends_on = ["BEN0001", "BEN0012"]
  applies_if = !run.ended

  param "max_s" {
    default     = 30
    unit        = "s"
    description = "How old the newest sign of the owner may be."
  }

  sql = <<-SQL
    SELECT R.OWNER AS owner,
           ${seconds("COALESCE(MAX(W.LAST_HEARTBEAT), R.UPDATED_AT)", now)} AS silent_s
    FROM RUN_STATUS AS R
    LEFT JOIN WORKER_HEARTBEATS AS W ON W.RUN_ID = R.RUN_ID
    WHERE R.RUN_ID = ${run}
    GROUP BY R.OWNER, R.UPDATED_AT
  SQL

  fail_if = row.silent_s > param.max_s
  reason  = "the newest sign of the run's owner (${row.owner}) is ${span(row.silent_s)} old"

  remedy  = "Start a server on the run's journal (bench serve): it takes the run over, or ends it. Of a replica, look at how far it lags first."
  runbook = <<-TEXT
    Heartbeats of workers are stored once a second by the run's owner. When they grow old in the table, the owner is gone,
    cannot write, or this is a replica that lags.
  TEXT

  fixture "writes" {
    expect = "pass"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", LAST_HEARTBEAT = at(-1) }] }
  }
  fixture "gone" {
    expect = "fail"
    reason = "is 5m0s old"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", LAST_HEARTBEAT = at(-300) }, { WORKER_ID = "w1", LAST_HEARTBEAT = at(-301) }] }
  }
  fixture "no worker yet" {
    expect = "fail"
    tables = { RUN_STATUS = [{ UPDATED_AT = at(-60) }] }
  }
}
