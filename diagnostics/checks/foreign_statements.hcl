check "BEN0704" "foreign_statements" {
  title      = "No other statements run on the run's warehouse"
  step       = "target"
  source     = "target"
  target     = "snowflake"
  timeout    = "20s"
  applies_if = run.since_t0_s > 0

  sql = <<-SQL
    SELECT COUNT(*) AS statements,
           COALESCE(SUM(CASE WHEN COALESCE(QUERY_TAG, '') NOT LIKE '{"app":"bench"%' THEN 1 ELSE 0 END), 0) AS others,
           COALESCE(MAX(CASE WHEN COALESCE(QUERY_TAG, '') NOT LIKE '{"app":"bench"%' THEN USER_NAME END), 'nobody') AS somebody
    FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_WAREHOUSE(
      WAREHOUSE_NAME => CURRENT_WAREHOUSE(), END_TIME_RANGE_START => DATEADD('minute', -10, CURRENT_TIMESTAMP()), RESULT_LIMIT => 10000))
  SQL

  too_few_if = row.statements == 0
  fail_if    = false
  warn_if    = row.others > 0
  reason     = "${row.others} of ${row.statements} statements of the last ten minutes on the warehouse are not of bench (${row.somebody})"

  remedy  = "Give the run a warehouse of its own; others on it make its latencies and its cost theirs, too."
  runbook = <<-TEXT
    Statements of bench carry a QUERY_TAG. Fast ones on hybrid tables are not in this history, which lists the others all the same.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ statements = 40, others = 0, somebody = "nobody" }]
  }
  fixture "not fine" {
    expect = "warn"
    reason = "7 of 40 statements of the last ten minutes on the warehouse are not of bench (ETL)"
    rows   = [{ statements = 40, others = 7, somebody = "ETL" }]
  }
}
