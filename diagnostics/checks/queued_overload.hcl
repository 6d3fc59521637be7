check "BEN0701" "queued_overload" {
  title      = "Statements do not queue for the warehouse"
  step       = "target"
  source     = "run"
  applies_if = run.target == "snowflake" && run.ended

  param "max_share" {
    default     = 0.05
    description = "Share of the servers' time that may be spent queued."
  }

  sql = <<-SQL
    SELECT COUNT(SERVER_TOTAL_US) AS enriched,
           COALESCE(SUM(SERVER_QUEUED_US), 0) AS queued_us,
           COALESCE(SUM(SERVER_TOTAL_US), 0) AS total_us,
           COALESCE(MAX(SERVER_QUEUED_US), 0) / 1000.0 AS worst_ms,
           COALESCE((SELECT CASE WHEN STATUS = 'COMPLETE' THEN '' ELSE 'is ' || STATUS || COALESCE(' (' || REASON || ')', '') || COALESCE(': ' || DETAIL, '') END
                     FROM RUN_ENRICHMENT
                     WHERE RUN_ID = ${run} AND WORKLOAD = ''), 'was not asked for') AS side
    FROM QUERY_EXECUTIONS
    WHERE RUN_ID = ${run}
      AND OP_PHASE = 'MEASUREMENT'
  SQL

  too_few_if = row.enriched < 20
  fail_if    = row.queued_us > param.max_share * row.total_us
  reason     = "${round(100 * row.queued_us / max(row.total_us, 1), 1)}% of the time of ${row.enriched} statements queued, the worst ${round(row.worst_ms, 0)} ms${row.side == "" ? "" : "; the target's side ${row.side}"}"

  remedy  = "ALTER WAREHOUSE ... SET MAX_CLUSTER_COUNT = ... or fewer connections; queueing hides the engine's own latency."
  runbook = <<-TEXT
    QUEUED_OVERLOAD is time in which a statement waited for a slot. The numbers come with enrichment; before it, nothing is known.
  TEXT

  fixture "flows" {
    expect = "pass"
    tables = { QUERY_EXECUTIONS = [for n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20] : { WORKER_ID = "w0", OPERATION = n, OP_PHASE = "MEASUREMENT", SERVER_TOTAL_US = 1000, SERVER_QUEUED_US = 0 }], RUN_ENRICHMENT = [{ WORKLOAD = "", STATUS = "COMPLETE" }] }
  }
  fixture "queues" {
    expect = "fail"
    reason = "50% of the time of 20 statements queued"
    tables = { QUERY_EXECUTIONS = [for n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20] : { WORKER_ID = "w0", OPERATION = n, OP_PHASE = "MEASUREMENT", SERVER_TOTAL_US = 1000, SERVER_QUEUED_US = 500 }], RUN_ENRICHMENT = [{ WORKLOAD = "", STATUS = "COMPLETE" }] }
  }
  fixture "history not there" {
    expect = "undetermined"
    reason = "of 0 statements queued, the worst 0 ms; the target's side was not asked for"
    tables = { QUERY_EXECUTIONS = [{ WORKER_ID = "w0", OP_PHASE = "MEASUREMENT" }] }
  }
  fixture "history refused" {
    expect = "undetermined"
    reason = "; the target's side is FAILED (error): ask for the query history: 002003 (42S02): no such view"
    tables = { QUERY_EXECUTIONS = [{ WORKER_ID = "w0", OP_PHASE = "MEASUREMENT" }], RUN_ENRICHMENT = [{ WORKLOAD = "", STATUS = "FAILED", REASON = "error", DETAIL = "ask for the query history: 002003 (42S02): no such view" }] }
  }
}
