check "BEN0301" "reports_missing" {
  title      = "The stored reports of every worker are numbered without gaps"
  step       = "numbers"
  source     = "run"
  applies_if = run.since_t0_s > 3

  sql = <<-SQL
    SELECT WORKER_ID AS worker,
           COUNT(*) AS reports,
           MAX(SEQ) - COUNT(*) AS missing
    FROM WORKER_METRICS_SNAPSHOTS
    WHERE RUN_ID = ${run}
    GROUP BY WORKER_ID, GENERATION
  SQL

  subject = row.worker
  fail_if = row.missing > 0
  reason  = "${row.worker}: ${plural(row.reports, "report")} stored, ${row.missing} before the newest missing"
  clears  = "gaps"

  remedy  = "What is missing is missing in the result of ${row.worker}, too. Of a replica, look at its lag first; else at RUN_LOGS, and run again."
  runbook = <<-TEXT
    Reports are numbered from 1 and taken in without gaps, and a worker keeps what is not stored. A gap in the table means
    that rows were removed, or that a replica lacks a part.
  TEXT

  fixture "whole" {
    expect = "pass"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", SEQ = 1 }, { WORKER_ID = "w0", SEQ = 2 }] }
  }
  fixture "gap" {
    expect = "fail"
    reason = "w0: 2 reports stored, 1 before the newest missing"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", SEQ = 1 }, { WORKER_ID = "w0", SEQ = 3 }] }
  }
  fixture "nothing" {
    expect = "undetermined"
    tables = {}
  }
}
