check "BEN0308" "ledger_balanced" {
  title      = "Every planned operation has one outcome"
  step       = "numbers"
  source     = "run"
  applies_if = run.ended && run.since_t0_s > 0

  sql = <<-SQL
    SELECT CASE WHEN WORKLOAD = '' THEN 'all' ELSE WORKLOAD END AS workload,
           PLANNED AS planned,
           PLANNED - DONE - FAILED_TIMEOUT - FAILED_SERIALIZATION - FAILED_CONNECTION - FAILED_CONSTRAINT
             - FAILED_EXPECTATION - FAILED_OTHER - INDOUBT - CENSORED - SKIPPED AS open,
           (SELECT CASE WHEN MAX(CASE WHEN P.PARTIAL THEN 1 ELSE 0 END) = 1 THEN 'yes' ELSE 'no' END
            FROM RUN_RESULTS AS P WHERE P.RUN_ID = ${run}) AS partial
    FROM RUN_RESULTS
    WHERE RUN_ID = ${run}
  SQL

  subject = row.workload
  fail_if = row.open < 0 || row.open > 0 && row.partial == "no"
  warn_if = row.open > 0
  reason  = "${row.workload}: ${row.planned} planned, ${row.open} without an outcome${row.partial == "yes" ? " (the result is partial)" : ""}"

  remedy  = "A bug: keep bench doctor --bundle. The numbers of this run cannot be believed."
  runbook = <<-TEXT
    planned = done + failed + indoubt + censored + skipped, once a run has ended. A worker that died took its last second
    with it; such a result is partial and says so.
  TEXT

  fixture "balanced" {
    expect = "pass"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", PLANNED = 9, DONE = 7, FAILED_TIMEOUT = 1, CENSORED = 1, PARTIAL = false }] }
  }
  fixture "open" {
    expect = "fail"
    reason = "all: 9 planned, 2 without an outcome"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", PLANNED = 9, DONE = 7, PARTIAL = false }] }
  }
  fixture "a worker was lost" {
    expect = "warn"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", PLANNED = 9, DONE = 7, PARTIAL = true }] }
  }
}
