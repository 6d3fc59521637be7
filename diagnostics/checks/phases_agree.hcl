check "BEN0306" "phases_agree" {
  title      = "Workers are in the phase of the run"
  step       = "numbers"
  source     = "run"
  depends_on = ["BEN0107", "BEN0121", "BEN0305"]
  live       = true
  applies_if = !run.ended && contains(["WARMUP", "MEASUREMENT"], run.phase)

  param "grace_s" {
    default     = 3
    unit        = "s"
    description = "How long after a change of phase a row may have the phase before."
  }

  sql = <<-SQL
    SELECT W.WORKER_ID AS worker, W.PHASE AS phase, R.PHASE AS run_phase,
           ${seconds("CASE WHEN R.PHASE = 'WARMUP' THEN R.START_TIME ELSE R.WARMUP_END_TIME END", now)} AS since_s
    FROM WORKER_HEARTBEATS AS W
    JOIN RUN_STATUS AS R ON R.RUN_ID = W.RUN_ID
    WHERE W.RUN_ID = ${run}
      AND W.STATUS NOT IN ('COMPLETED', 'DEAD', 'STALE')
  SQL

  empty   = "skip"
  subject = row.worker
  fail_if = contains(["WARMUP", "MEASUREMENT"], row.run_phase) && row.phase != row.run_phase && row.since_s > param.grace_s
  reason  = "${row.worker} is in ${row.phase}, the run in ${row.run_phase} since ${span(row.since_s)}"

  remedy  = "Operations of ${row.worker} are counted in the phase of its own clock: look at BEN0305, and run again."
  runbook = <<-TEXT
    Workers switch phases by themselves, on the time line that they were given; nobody tells them.
    In PREPARING they are not there yet, and from PROCESSING on they drain.
  TEXT

  fixture "same" {
    expect = "pass"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STATUS = "RUNNING", PHASE = "MEASUREMENT" }] }
  }
  fixture "just over" {
    expect = "pass"
    tables = {
      RUN_STATUS        = [{ STATUS = "STOPPING", PHASE = "PROCESSING" }]
      WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STATUS = "RUNNING", PHASE = "MEASUREMENT" }]
    }
  }
  fixture "one is behind" {
    expect = "fail"
    reason = "w1 is in WARMUP, the run in MEASUREMENT since 20s"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", STATUS = "RUNNING", PHASE = "MEASUREMENT" }, { WORKER_ID = "w1", STATUS = "RUNNING", PHASE = "WARMUP" }] }
  }
}
