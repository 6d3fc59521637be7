check "BEN0212" "excluded_stored" {
  title      = "Few seconds of the run had reports that were left out"
  step       = "aggregate"
  source     = "run"
  depends_on = ["BEN0211"]
  applies_if = run.since_t0_s > 5

  param "max_share" {
    default     = 0.2
    description = "Share of the seconds of load that may have had reports left out."
  }

  sql = <<-SQL
    SELECT COUNT(*) AS seconds,
           COUNT(EXCLUDED) AS excluded,
           COALESCE(MAX(CAST(EXCLUDED AS TEXT)), 'none') AS example,
           COALESCE(MIN(CASE WHEN EXCLUDED IS NOT NULL THEN SECOND END), -1) AS first_second
    FROM RUN_SECONDS
    WHERE RUN_ID = ${run}
      AND WORKLOAD = ''
      AND SECOND > 0
  SQL

  too_few_if = row.seconds == 0
  fail_if    = row.excluded > 2 && row.excluded > param.max_share * row.seconds
  reason     = "${row.excluded} of ${plural(row.seconds, "second")} with reports left out${row.excluded == 0 ? "" : ", first in second ${row.first_second}: ${row.example}"}"

  remedy  = "Look at WORKER_METRICS_SNAPSHOTS by PHASE, WORKER_ID and EXCLUDED_REASON: which worker, since when."
  runbook = <<-TEXT
    As BEN0211, but from the tables, for a run that has ended. The first look at such a run is count, average QPS, first and
    last TIMESTAMP of WORKER_METRICS_SNAPSHOTS by PHASE. What was left out before the start is told with second 0.
  TEXT

  fixture "in" {
    expect = "pass"
    tables = { RUN_SECONDS = [{ SECOND = 1 }] }
  }
  fixture "out" {
    expect = "fail"
    reason = "3 of 4 seconds with reports left out, first in second 2"
    tables = { RUN_SECONDS = [
      { SECOND = 1 },
      { SECOND = 2, EXCLUDED = "{\"phase PREPARING\":1}" },
      { SECOND = 3, EXCLUDED = "{\"phase PREPARING\":1}" },
      { SECOND = 4, EXCLUDED = "{\"phase PREPARING\":1}" },
    ] }
  }
  fixture "nothing" {
    expect = "undetermined"
    tables = {}
  }
}
