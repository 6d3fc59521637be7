check "BEN0010" "warmup_ends" {
  title      = "WARMUP turns into MEASUREMENT when it is over"
  step       = "status"
  source     = "run"
  depends_on = ["BEN0001", "BEN0012", "BEN0008", "BEN0506"]
  live       = true
  applies_if = !run.ended && run.phase == "WARMUP"

  param "grace_s" {
    default     = 2
    unit        = "s"
    description = "How long after the end of the warmup the phase may still be WARMUP in the table."
  }

  sql = <<-SQL
    SELECT STATUS AS status, PHASE AS phase, WARMUP_SECONDS AS warmup_s,
           CASE WHEN START_TIME IS NULL THEN 0 ELSE 1 END AS started,
           COALESCE(${seconds("START_TIME", now)}, 0) AS elapsed_s
    FROM RUN_STATUS
    WHERE RUN_ID = ${run}
  SQL

  fail_if = row.phase == "WARMUP" && row.status != "CANCELLING" && (row.status != "RUNNING" || row.started == 0 || row.elapsed_s > row.warmup_s + param.grace_s)
  reason  = "STATUS ${row.status} (must be RUNNING), PHASE ${row.phase}, ${row.started == 0 ? "START_TIME is not set" : row.elapsed_s < 0 ? "START_TIME is ${span(-row.elapsed_s)} ahead" : "${span(row.elapsed_s)} elapsed of ${span(row.warmup_s)} warmup"}"

  remedy  = "Look at the owner's log (-v): the change is a compare-and-set on (run, epoch, status, phase), and a conflict is told there."
  runbook = <<-TEXT
    Three conditions: STATUS is RUNNING, PHASE is WARMUP, and the time since START_TIME (t0) has reached WARMUP_SECONDS. All
    three are in the row. START_TIME is set once, when the workers have acknowledged the start, which is shortly before it, and never moves.
    A run that was told to stop stays in WARMUP until its workers have drained (BEN0009).
  TEXT

  fixture "in time" {
    expect = "pass"
    tables = { RUN_STATUS = [{ PHASE = "WARMUP", START_TIME = at(-5) }] }
  }
  fixture "about to start" {
    expect = "pass"
    reason = "START_TIME is 400ms ahead"
    tables = { RUN_STATUS = [{ PHASE = "WARMUP", START_TIME = at(0.4) }] }
  }
  fixture "never set" {
    expect = "fail"
    reason = "START_TIME is not set"
    tables = { RUN_STATUS = [{ PHASE = "WARMUP", START_TIME = null }] }
  }
  fixture "for ever" {
    expect = "fail"
    reason = "30s elapsed of 10s warmup"
    tables = { RUN_STATUS = [{ PHASE = "WARMUP", START_TIME = at(-30) }] }
  }
  fixture "stopped" {
    expect = "pass"
    tables = { RUN_STATUS = [{ PHASE = "WARMUP", STATUS = "CANCELLING", START_TIME = at(-30) }] }
  }
  fixture "wrong status" {
    expect = "fail"
    reason = "STATUS STARTING (must be RUNNING)"
    tables = { RUN_STATUS = [{ PHASE = "WARMUP", STATUS = "STARTING", START_TIME = at(-5) }] }
  }
}
