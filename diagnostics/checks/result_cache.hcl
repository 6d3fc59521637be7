check "BEN0712" "result_cache" {
  title      = "Statements are not answered from the result cache"
  step       = "result"
  source     = "run"
  applies_if = run.target == "snowflake" && run.ended

  param "max_share" {
    default     = 0.05
    description = "Share of statements that may have been answered without execution."
  }

  sql = <<-SQL
    SELECT COUNT(SERVER_TOTAL_US) AS enriched,
           COALESCE(SUM(CASE WHEN SERVER_EXECUTION_US = 0 AND SERVER_BYTES_SCANNED = 0 AND ROW_COUNT > 0 THEN 1 ELSE 0 END), 0) AS cached,
           COALESCE((SELECT CASE WHEN STATUS = 'COMPLETE' THEN '' ELSE 'is ' || STATUS || COALESCE(' (' || REASON || ')', '') || COALESCE(': ' || DETAIL, '') END
                     FROM RUN_ENRICHMENT
                     WHERE RUN_ID = ${run} AND WORKLOAD = ''), 'was not asked for') AS side
    FROM QUERY_EXECUTIONS
    WHERE RUN_ID = ${run}
      AND OUTCOME = 'done'
  SQL

  too_few_if = row.enriched < 3
  fail_if    = row.cached > param.max_share * row.enriched
  reason     = "${row.cached} of ${row.enriched} statements returned rows without executing${row.side == "" ? "" : "; the target's side ${row.side}"}"

  remedy  = "session { params = { USE_CACHED_RESULT = \"FALSE\" } } in the spec's target."
  runbook = <<-TEXT
    A result that was computed before comes back in milliseconds and costs nothing: it measures the cache. Hybrid tables
    are never cached.
  TEXT

  fixture "executed" {
    expect = "pass"
    tables = { QUERY_EXECUTIONS = [for n in [1, 2, 3] : { WORKER_ID = "w0", OPERATION = n, OUTCOME = "done", ROW_COUNT = 1, SERVER_TOTAL_US = 9, SERVER_EXECUTION_US = 5, SERVER_BYTES_SCANNED = 100 }], RUN_ENRICHMENT = [{ WORKLOAD = "", STATUS = "COMPLETE" }] }
  }
  fixture "cached" {
    expect = "fail"
    reason = "3 of 3 statements returned rows without executing"
    tables = { QUERY_EXECUTIONS = [for n in [1, 2, 3] : { WORKER_ID = "w0", OPERATION = n, OUTCOME = "done", ROW_COUNT = 1, SERVER_TOTAL_US = 9, SERVER_EXECUTION_US = 0, SERVER_BYTES_SCANNED = 0 }], RUN_ENRICHMENT = [{ WORKLOAD = "", STATUS = "COMPLETE" }] }
  }
  fixture "not enriched" {
    expect = "undetermined"
    reason = "0 of 0 statements returned rows without executing; the target's side was not asked for"
    tables = { QUERY_EXECUTIONS = [{ WORKER_ID = "w0", OUTCOME = "done" }] }
  }
  fixture "history refused" {
    expect = "undetermined"
    reason = "; the target's side is FAILED (error): ask for the query history: 002003 (42S02): no such view"
    tables = { QUERY_EXECUTIONS = [{ WORKER_ID = "w0", OUTCOME = "done" }], RUN_ENRICHMENT = [{ WORKLOAD = "", STATUS = "FAILED", REASON = "error", DETAIL = "ask for the query history: 002003 (42S02): no such view" }] }
  }
}
