check "BEN0309" "generator_keeps_up" {
  title      = "The load generator takes operations up when they are due"
  step       = "numbers"
  source     = "run"
  applies_if = run.since_t0_s > run.warmup_s + 2

  param "max_lag_ms" {
    default     = 50
    unit        = "ms"
    description = "Lag of the generator (p99 of a second, worst worker) from which on a second is lost for fine measurements."
  }
  param "max_share" {
    default     = 0.25
    description = "Share of such seconds that may be."
  }

  sql = <<-SQL
    SELECT COUNT(*) AS seconds,
           COALESCE(SUM(CASE WHEN LAG_P99_US > 1000.0 * ${param.max_lag_ms} THEN 1 ELSE 0 END), 0) AS lagging,
           COALESCE(MAX(LAG_P99_US), 0) / 1000.0 AS worst_ms
    FROM RUN_SECONDS
    WHERE RUN_ID = ${run}
      AND WORKLOAD = ''
      AND PHASE = 'MEASUREMENT'
  SQL

  too_few_if = row.seconds < 1
  fail_if    = row.lagging > param.max_share * row.seconds
  warn_if    = row.lagging > 0
  reason     = "${row.lagging} of ${plural(row.seconds, "second")} with a lag above ${param.max_lag_ms} ms, the worst ${round(row.worst_ms, 1)} ms"
  clears     = "generator"

  remedy  = "The machine of the workers is the bottleneck: fewer connections a worker, more workers on other machines, nothing else beside them."
  runbook = <<-TEXT
    Lag is from when an operation was due until its connection turned to it. With a closed model it shows starved
    processors or pauses; response times above it are the generator's, not the database's.
  TEXT

  fixture "keeps up" {
    expect = "pass"
    tables = { RUN_SECONDS = [{ SECOND = 10, PHASE = "MEASUREMENT", LAG_P99_US = 200 }] }
  }
  fixture "saturated" {
    expect = "fail"
    reason = "2 of 3 seconds with a lag above 50 ms, the worst 90 ms"
    tables = { RUN_SECONDS = [
      { SECOND = 10, PHASE = "MEASUREMENT", LAG_P99_US = 90000 },
      { SECOND = 11, PHASE = "MEASUREMENT", LAG_P99_US = 80000 },
      { SECOND = 12, PHASE = "MEASUREMENT", LAG_P99_US = 100 },
    ] }
  }
  fixture "no second yet" {
    expect = "undetermined"
    tables = {}
  }
}
