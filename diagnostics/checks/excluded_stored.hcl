check "BEN0212" "excluded_stored" {
  title      = "Stored reports of the time of load were in the aggregate"
  step       = "aggregate"
  source     = "run"
  depends_on = ["BEN0211"]
  applies_if = run.since_t0_s > 5

  param "max_share" {
    default     = 0.2
    description = "Share of the reports between start and end that may have been left out."
  }

  sql = <<-SQL
    SELECT COUNT(*) AS reports,
           COUNT(S.EXCLUDED_REASON) AS excluded,
           COALESCE(MAX(S.EXCLUDED_REASON), 'none') AS example
    FROM WORKER_METRICS_SNAPSHOTS AS S
    JOIN RUN_STATUS AS R ON R.RUN_ID = S.RUN_ID
    WHERE S.RUN_ID = ${run}
      AND NOT S.FINAL
      AND S.TIMESTAMP > R.START_TIME
      AND S.TIMESTAMP <= COALESCE(R.MEASUREMENT_END_TIME, ${now})
      AND S.TIMESTAMP <= COALESCE(R.END_TIME, ${now})
  SQL

  too_few_if = row.reports == 0
  fail_if    = row.excluded > 2 && row.excluded > param.max_share * row.reports
  reason     = "${row.excluded} of ${plural(row.reports, "report")} between start and end excluded (${row.example})"

  remedy  = "Look at WORKER_METRICS_SNAPSHOTS by PHASE, WORKER_ID and EXCLUDED_REASON: which worker, since when."
  runbook = <<-TEXT
    As BEN0211, but from the tables, for a run that has ended. Query 1 of a first look: count, average QPS, first and last
    TIMESTAMP by PHASE.
  TEXT

  fixture "in" {
    expect = "pass"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", SEQ = 1, TIMESTAMP = at(-9) }] }
  }
  fixture "out" {
    expect = "fail"
    reason = "3 of 4 reports between start and end excluded (phase PREPARING)"
    tables = { WORKER_METRICS_SNAPSHOTS = [
      { WORKER_ID = "w0", SEQ = 1, TIMESTAMP = at(-9) },
      { WORKER_ID = "w1", SEQ = 1, TIMESTAMP = at(-9), EXCLUDED_REASON = "phase PREPARING" },
      { WORKER_ID = "w1", SEQ = 2, TIMESTAMP = at(-8), EXCLUDED_REASON = "phase PREPARING" },
      { WORKER_ID = "w1", SEQ = 3, TIMESTAMP = at(-7), EXCLUDED_REASON = "phase PREPARING" },
    ] }
  }
  fixture "nothing" {
    expect = "undetermined"
    tables = {}
  }
}
