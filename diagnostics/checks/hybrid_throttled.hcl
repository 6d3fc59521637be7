check "BEN0706" "hybrid_throttled" {
  title      = "Requests to hybrid tables are not throttled"
  step       = "target"
  source     = "target"
  target     = "snowflake"
  timeout    = "20s"
  applies_if = run.since_t0_s > 0

  sql = <<-SQL
    SELECT COUNT(*) AS buckets, COALESCE(SUM(CALLS), 0) AS calls, COALESCE(SUM(HYBRID_TABLE_REQUESTS_THROTTLED_COUNT), 0) AS throttled
    FROM SNOWFLAKE.ACCOUNT_USAGE.AGGREGATE_QUERY_HISTORY
    WHERE QUERY_TAG LIKE '%"run":"' || ${run} || '"%'
      AND INTERVAL_START_TIME > DATEADD('day', -2, CURRENT_TIMESTAMP())
  SQL

  stale_if = row.buckets == 0
  fail_if  = row.throttled > 0
  reason   = "${row.throttled} requests to hybrid tables throttled, ${row.calls} calls"

  remedy  = "Less load, or a database of its own: the quota of operations is per database."
  runbook = <<-TEXT
    The view is up to three hours late; before it has a row of the run, nothing can be said.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ buckets = 9, calls = 90000, throttled = 0 }]
  }
  fixture "not fine" {
    expect = "fail"
    reason = "12 requests to hybrid tables throttled, 90000 calls"
    rows   = [{ buckets = 9, calls = 90000, throttled = 12 }]
  }
}
