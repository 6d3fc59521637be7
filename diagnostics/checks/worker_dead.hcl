check "BEN0106" "worker_dead" {
  title  = "No worker is dead"
  step   = "workers"
  source = "run"
  live   = true

  sql = <<-SQL
    SELECT WORKER_ID AS worker, HOST AS host, PID AS pid, STATUS AS status, STAGE AS stage, PHASE AS phase
    FROM WORKER_HEARTBEATS
    WHERE RUN_ID = ${run}
  SQL

  empty   = "skip"
  subject = row.worker
  fail_if = row.status == "DEAD"
  reason  = "${row.worker} (pid ${row.pid} on ${row.host}) is ${row.status} at ${row.stage} in ${row.phase}"

  remedy  = "Look for why process ${row.pid} on ${row.host} ended: its log, the kernel's (out of memory), who killed it."
  runbook = <<-TEXT
    A worker is DEAD when its process ended without a final report, or when nothing was heard of it for as long as
    --dead-after allows. Its run ends FAILED, worker_lost, because no worker is replaced once load is driven.
  TEXT

  fixture "alive" {
    expect = "pass"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STATUS = "RUNNING" }] }
  }
  fixture "dead" {
    expect = "fail"
    reason = "w1 (pid 9 on h) is DEAD at load in MEASUREMENT"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STATUS = "RUNNING" }, { WORKER_ID = "w1", PID = 9, HOST = "h", STATUS = "DEAD", STAGE = "load", PHASE = "MEASUREMENT" }] }
  }
}
