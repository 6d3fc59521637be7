check "BEN0132" "resource_monitor" {
  title      = "No resource monitor holds the warehouse"
  step       = "done"
  source     = "run"
  live       = true
  applies_if = run.target == "snowflake" && run.since_t0_s > 1

  sql = <<-SQL
    SELECT COUNT(*) AS operations,
           COALESCE(SUM(CASE WHEN LOWER(ERROR_MESSAGE) LIKE '%resource monitor%' OR ERROR_CODE = '90073' THEN 1 ELSE 0 END), 0) AS refused,
           COALESCE(MAX(CASE WHEN LOWER(ERROR_MESSAGE) LIKE '%resource monitor%' THEN ERROR_MESSAGE END), '') AS example
    FROM QUERY_EXECUTIONS
    WHERE RUN_ID = ${run}
  SQL

  too_few_if = row.operations == 0
  fail_if    = row.refused > 0
  reason     = row.refused == 0 ? "${plural(row.operations, "operation")} told in full, none was refused by a resource monitor" : "${row.refused} operations refused: ${row.example}"

  remedy  = "An ACCOUNTADMIN raises the quota: ALTER RESOURCE MONITOR ... SET CREDIT_QUOTA = ...; or moves the warehouse to another monitor."
  runbook = <<-TEXT
    A monitor that has used up its quota suspends its warehouses, and refuses to resume them until its interval begins anew.
  TEXT

  fixture "none" {
    expect = "pass"
    tables = { QUERY_EXECUTIONS = [{ WORKER_ID = "w0", WHY = "sample" }] }
  }
  fixture "quota used up" {
    expect = "fail"
    reason = "1 operations refused: Warehouse 'HT_XS' cannot be resumed because resource monitor 'M' has exceeded its quota."
    tables = { QUERY_EXECUTIONS = [{ WORKER_ID = "w0", WHY = "error", ERROR_MESSAGE = "Warehouse 'HT_XS' cannot be resumed because resource monitor 'M' has exceeded its quota." }] }
  }
  fixture "nothing told" {
    expect = "undetermined"
    tables = {}
  }
}
