check "BEN0708" "history_there" {
  title      = "The query history has the run's statements"
  step       = "target"
  source     = "target"
  target     = "snowflake"
  timeout    = "20s"
  applies_if = run.ended && run.since_t0_s > 0

  sql = <<-SQL
    SELECT COUNT(*) AS statements, COALESCE(MAX(DATEDIFF('second', END_TIME, CURRENT_TIMESTAMP())), 0) AS age_s
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE QUERY_TAG LIKE '%"run":"' || ${run} || '"%'
      AND START_TIME > DATEADD('day', -7, CURRENT_TIMESTAMP())
  SQL

  fail_if = false
  warn_if = row.statements == 0
  reason  = "${row.statements} statements of the run in ACCOUNT_USAGE.QUERY_HISTORY"

  remedy  = "Wait up to 45 minutes, then bench enrich again: bench doctor --wait 45m."
  runbook = <<-TEXT
    Fast statements on hybrid tables are never in this view; for such runs only AGGREGATE_QUERY_HISTORY has them.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ statements = 40, age_s = 3000 }]
  }
  fixture "not fine" {
    expect = "warn"
    reason = "0 statements of the run in ACCOUNT_USAGE.QUERY_HISTORY"
    rows   = [{ statements = 0, age_s = 0 }]
  }
}
