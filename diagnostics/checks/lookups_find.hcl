check "BEN0403" "lookups_find" {
  title      = "Operations find rows"
  step       = "result"
  source     = "run"
  depends_on = ["BEN0121", "BEN0123", "BEN0124"]
  applies_if = run.since_t0_s > 4 && run.target != "null"

  param "min_n" {
    default     = 20
    description = "How many operations must have found nothing."
  }

  sql = <<-SQL
    SELECT WORKLOAD AS workload, SUM(DONE) AS done, SUM(ROW_COUNT) AS found
    FROM RUN_SECONDS
    WHERE RUN_ID = ${run}
      AND WORKLOAD <> ''
    GROUP BY WORKLOAD
  SQL

  subject    = row.workload
  too_few_if = row.done == 0
  warn_if    = row.found == 0 && row.done >= param.min_n
  fail_if    = false
  reason     = "${row.workload}: ${plural(row.done, "operation")} done, ${plural(row.found, "row")} read or changed"

  remedy  = "Check the values of the parameters against the table: an empty table, a range that is off, a wrong schema. expect = { min_rows = 1 } makes it an error."
  runbook = <<-TEXT
    A lookup that finds nothing is fast and proves nothing. With fetch = "none", rows are not counted and this says nothing.
  TEXT

  fixture "found" {
    expect = "pass"
    tables = { RUN_SECONDS = [{ SECOND = 1, WORKLOAD = "read", DONE = 100, ROW_COUNT = 100 }] }
  }
  fixture "nothing found" {
    expect = "warn"
    reason = "read: 100 operations done, 0 rows"
    tables = { RUN_SECONDS = [{ SECOND = 1, WORKLOAD = "read", DONE = 100 }] }
  }
  fixture "few" {
    expect = "undetermined"
    tables = { RUN_SECONDS = [{ SECOND = 1, WORKLOAD = "read", SKIPPED = 1 }] }
  }
}
