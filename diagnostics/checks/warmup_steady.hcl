check "BEN0404" "warmup_steady" {
  title      = "The warmup lasted until the load was steady"
  step       = "result"
  source     = "run"
  applies_if = run.duration_s >= 8 && run.since_t0_s >= run.warmup_s + run.duration_s

  param "max_drift" {
    default     = 0.3
    description = "By which share the throughput of the last quarter of MEASUREMENT may differ from that of the first."
  }

  sql = <<-SQL
    SELECT COUNT(*) AS seconds,
           COALESCE(AVG(CASE WHEN position_no < total / 4.0 THEN done END), 0) AS first_qps,
           COALESCE(AVG(CASE WHEN position_no >= total * 0.75 THEN done END), 0) AS last_qps
    FROM (
      SELECT 1.0 * DONE AS done,
             ROW_NUMBER() OVER (ORDER BY SECOND) - 1 AS position_no,
             COUNT(*) OVER () AS total
      FROM RUN_SECONDS
      WHERE RUN_ID = ${run}
        AND WORKLOAD = ''
        AND PHASE = 'MEASUREMENT'
    ) AS S
  SQL

  too_few_if = row.seconds < 8
  warn_if    = abs(row.last_qps - row.first_qps) > param.max_drift * max(row.first_qps, 1)
  fail_if    = false
  reason     = "QPS ${round(row.first_qps, 1)} in the first quarter of the measurement, ${round(row.last_qps, 1)} in the last"

  remedy  = "Lengthen the warmup until caches are filled and the database has scaled, or look for what changed while measuring."
  runbook = <<-TEXT
    A mean over a time in which the load drifted is of nothing. Faster at the end: the warmup was too short. Slower: the
    database fills up, throttles, or other load came.
  TEXT

  fixture "steady" {
    expect = "pass"
    tables = { RUN_SECONDS = [for s in [0, 1, 2, 3, 4, 5, 6, 7] : { SECOND = s, PHASE = "MEASUREMENT", DONE = 100 + s }] }
  }
  fixture "drifts" {
    expect = "warn"
    reason = "QPS 105 in the first quarter of the measurement, 165 in the last"
    tables = { RUN_SECONDS = [for s in [0, 1, 2, 3, 4, 5, 6, 7] : { SECOND = s, PHASE = "MEASUREMENT", DONE = 100 + 10 * s }] }
  }
  fixture "short" {
    expect = "undetermined"
    tables = { RUN_SECONDS = [{ SECOND = 1, PHASE = "MEASUREMENT", DONE = 100 }] }
  }
}
