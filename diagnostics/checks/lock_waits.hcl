check "BEN0705" "lock_waits" {
  title      = "Statements do not wait for transactions of others"
  step       = "target"
  source     = "target"
  target     = "snowflake"
  timeout    = "20s"
  applies_if = run.since_t0_s > 0

  sql = <<-SQL
    SELECT COUNT(*) AS statements,
           COALESCE(SUM(CASE WHEN TRANSACTION_BLOCKED_TIME > 0 THEN 1 ELSE 0 END), 0) AS blocked,
           COALESCE(MAX(TRANSACTION_BLOCKED_TIME), 0) AS worst_ms
    FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_WAREHOUSE(
      WAREHOUSE_NAME => CURRENT_WAREHOUSE(), END_TIME_RANGE_START => DATEADD('minute', -10, CURRENT_TIMESTAMP()), RESULT_LIMIT => 10000))
    WHERE QUERY_TAG LIKE '%"run":"' || ${run} || '"%'
  SQL

  too_few_if = row.statements == 0
  fail_if    = row.worst_ms > 5000
  warn_if    = row.blocked > 0
  reason     = "${row.blocked} of ${row.statements} statements were blocked by a transaction, the longest for ${row.worst_ms} ms"

  remedy  = "SHOW LOCKS IN ACCOUNT; names the holder. UPDATE, DELETE and MERGE of standard tables serialise on the table; hybrid tables lock rows."
  runbook = <<-TEXT
    TRANSACTION_BLOCKED_TIME is the time that a statement waited for a lock. LOCK_TIMEOUT bounds it.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ statements = 40, blocked = 0, worst_ms = 0 }]
  }
  fixture "not fine" {
    expect = "fail"
    reason = "12 of 40 statements were blocked by a transaction, the longest for 9000 ms"
    rows   = [{ statements = 40, blocked = 12, worst_ms = 9000 }]
  }
}
