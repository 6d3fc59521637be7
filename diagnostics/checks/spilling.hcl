check "BEN0707" "spilling" {
  title      = "Statements do not spill"
  step       = "target"
  source     = "target"
  target     = "snowflake"
  timeout    = "20s"
  applies_if = run.since_t0_s > 0

  sql = <<-SQL
    SELECT COUNT(*) AS statements,
           COALESCE(SUM(BYTES_SPILLED_TO_LOCAL_STORAGE), 0) AS local_bytes,
           COALESCE(SUM(BYTES_SPILLED_TO_REMOTE_STORAGE), 0) AS remote_bytes
    FROM SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY
    WHERE QUERY_TAG LIKE '%"run":"' || ${run} || '"%'
      AND START_TIME > DATEADD('day', -7, CURRENT_TIMESTAMP())
  SQL

  stale_if = row.statements == 0
  fail_if  = row.remote_bytes > 0
  warn_if  = row.local_bytes > 0
  reason   = "${row.statements} statements spilled ${row.local_bytes} bytes to local and ${row.remote_bytes} to remote storage"

  remedy  = "A larger warehouse, or statements that need less memory; remote spilling is slower by orders of magnitude."
  runbook = <<-TEXT
    The view is up to 45 minutes late.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ statements = 40, local_bytes = 0, remote_bytes = 0 }]
  }
  fixture "not fine" {
    expect = "fail"
    reason = "40 statements spilled 0 bytes to local and 900 to remote storage"
    rows   = [{ statements = 40, local_bytes = 0, remote_bytes = 900 }]
  }
}
