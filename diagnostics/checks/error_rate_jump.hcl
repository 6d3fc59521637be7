check "BEN0401" "error_rate_jump" {
  title      = "The error rate does not jump"
  step       = "result"
  source     = "run"
  depends_on = ["BEN0121", "BEN0123", "BEN0124"]
  applies_if = run.since_t0_s > 4

  param "max_points" {
    default     = 5
    unit        = "percentage points"
    description = "By how much the error rate of the last ten seconds may exceed that of the time before."
  }

  sql = <<-SQL
    SELECT COALESCE(SUM(CASE WHEN recent = 1 THEN failed ELSE 0 END), 0) AS failed,
           COALESCE(SUM(CASE WHEN recent = 1 THEN finished ELSE 0 END), 0) AS finished,
           COALESCE(SUM(CASE WHEN recent = 0 THEN failed ELSE 0 END), 0) AS failed_before,
           COALESCE(SUM(CASE WHEN recent = 0 THEN finished ELSE 0 END), 0) AS finished_before,
           COALESCE(MIN(CASE WHEN failed > 0 AND recent = 1 THEN second_no END), -1) AS first_second
    FROM (
      SELECT SECOND AS second_no,
             CASE WHEN SECOND > (SELECT MAX(SECOND) FROM RUN_SECONDS WHERE RUN_ID = ${run} AND WORKLOAD = '') - 10 THEN 1 ELSE 0 END AS recent,
             FAILED_TIMEOUT + FAILED_SERIALIZATION + FAILED_CONNECTION + FAILED_CONSTRAINT + FAILED_EXPECTATION + FAILED_OTHER + INDOUBT AS failed,
             DONE + FAILED_TIMEOUT + FAILED_SERIALIZATION + FAILED_CONNECTION + FAILED_CONSTRAINT + FAILED_EXPECTATION + FAILED_OTHER + INDOUBT AS finished
      FROM RUN_SECONDS
      WHERE RUN_ID = ${run}
        AND WORKLOAD = ''
    ) AS S
  SQL

  too_few_if = row.finished == 0
  fail_if    = row.failed > 2 && 100 * row.failed / max(row.finished, 1) > 100 * row.failed_before / max(row.finished_before, 1) + param.max_points
  reason     = "${round(100 * row.failed / max(row.finished, 1), 1)}% of ${row.finished} operations of the last 10 s failed, before ${round(100 * row.failed_before / max(row.finished_before, 1), 1)}%${row.failed > 0 ? ", since second ${row.first_second}" : ""}"

  remedy  = "Read the errors of those seconds: bench report, table QUERY_EXECUTIONS by INTENDED_US."
  runbook = <<-TEXT
    What changed at that second: a failover, a lock, a limit that was reached, a deployment.
  TEXT

  fixture "even" {
    expect = "pass"
    tables = { RUN_SECONDS = [{ SECOND = 1, DONE = 100, FAILED_OTHER = 1 }, { SECOND = 20, DONE = 100, FAILED_OTHER = 1 }] }
  }
  fixture "jump" {
    expect = "fail"
    reason = "50% of 100 operations of the last 10 s failed, before 0%, since second 20"
    tables = { RUN_SECONDS = [{ SECOND = 1, DONE = 100 }, { SECOND = 20, DONE = 50, FAILED_TIMEOUT = 50 }] }
  }
  fixture "few" {
    expect = "undetermined"
    tables = { RUN_SECONDS = [{ SECOND = 1, SKIPPED = 3 }] }
  }
}
