check "BEN0124" "all_fail" {
  title      = "Not every operation fails"
  step       = "done"
  source     = "run"
  depends_on = ["BEN0132"]
  live       = true
  applies_if = run.since_t0_s > 3

  sql = <<-SQL
    SELECT COALESCE(SUM(DONE), 0) AS done,
           COALESCE(SUM(FAILED_TIMEOUT + FAILED_SERIALIZATION + FAILED_CONNECTION + FAILED_CONSTRAINT + FAILED_EXPECTATION + FAILED_OTHER + INDOUBT), 0) AS failed,
           COUNT(*) AS seconds,
           COALESCE((SELECT Q.ERROR_MESSAGE FROM QUERY_EXECUTIONS AS Q WHERE Q.RUN_ID = ${run} AND Q.WHY = 'error'
                     ORDER BY Q.INTENDED_US, Q.WORKER_ID, Q.CONNECTION LIMIT 1), 'none') AS first_error
    FROM RUN_SECONDS
    WHERE RUN_ID = ${run}
      AND WORKLOAD = ''
      AND SECOND > (SELECT MAX(SECOND) FROM RUN_SECONDS WHERE RUN_ID = ${run} AND WORKLOAD = '') - 10
  SQL

  too_few_if = row.done + row.failed == 0
  fail_if    = row.done == 0 && row.failed > 0
  reason     = "${row.failed} of ${row.done + row.failed} operations failed in the last ${row.seconds} s, the first error: ${row.first_error}"

  remedy  = "Read the error: bench report, table QUERY_EXECUTIONS. guard { max_error_rate = 0.05 } ends such a run by itself."
  runbook = <<-TEXT
    Statements reach the database and are refused: a table that setup did not make, a missing grant, wrong SQL, a full disk.
  TEXT

  fixture "some are done" {
    expect = "pass"
    tables = { RUN_SECONDS = [{ SECOND = 1, DONE = 5, FAILED_OTHER = 2 }] }
  }
  fixture "all fail" {
    expect = "fail"
    reason = "8 of 8 operations failed in the last 2 s, the first error: no such table"
    tables = {
      RUN_SECONDS      = [{ SECOND = 1, FAILED_OTHER = 5 }, { SECOND = 2, FAILED_TIMEOUT = 3 }]
      QUERY_EXECUTIONS = [{ WORKER_ID = "w0", WHY = "error", ERROR_MESSAGE = "no such table", INTENDED_US = 1 }, { WORKER_ID = "w0", OPERATION = 1, WHY = "error", ERROR_MESSAGE = "timeout", INTENDED_US = 9 }]
    }
  }
  fixture "none has come to its end" {
    expect = "undetermined"
    reason = "0 of 0 operations failed in the last 1 s"
    tables = { RUN_SECONDS = [{ SECOND = 1 }] }
  }
  fixture "nothing stored" {
    expect = "undetermined"
    tables = {}
  }
}
