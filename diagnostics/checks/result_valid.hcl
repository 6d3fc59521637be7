check "BEN0406" "result_valid" {
  title      = "The numbers can be believed"
  step       = "result"
  source     = "run"
  depends_on = ["BEN0124"]
  applies_if = run.status == "COMPLETED"

  sql = <<-SQL
    SELECT VALIDITY AS validity, COALESCE(NOTES, '[]') AS notes, DONE AS done
    FROM RUN_RESULTS
    WHERE RUN_ID = ${run}
      AND WORKLOAD = ''
  SQL

  fail_if = row.validity == "INVALID"
  warn_if = row.validity != "VALID"
  reason  = "the result is ${row.validity}, ${plural(row.done, "operation")} done in the measurement${row.notes == "[]" ? "" : ": ${row.notes}"}"

  remedy  = "Do not compare or publish these numbers: bench report says what is wrong with them. Mend that and run again."
  runbook = <<-TEXT
    INVALID: the run measured nothing, or what it measured is not what the spec asked for, so that no SLO is decided. SUSPECT:
    the numbers stand, and the notes say what they are to be read with.
  TEXT

  fixture "valid" {
    expect = "pass"
    reason = "the result is VALID, 52 operations done in the measurement"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", VALIDITY = "VALID", DONE = 52 }] }
  }
  fixture "with care" {
    expect = "warn"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", VALIDITY = "SUSPECT", DONE = 52, NOTES = "[\"the load generator was late\"]" }] }
  }
  fixture "nothing was measured" {
    expect = "fail"
    reason = "the result is INVALID, 0 operations done in the measurement: [\"no operation was measured\"]"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", VALIDITY = "INVALID", NOTES = "[\"no operation was measured\"]" }] }
  }
  fixture "no result" {
    expect = "undetermined"
    tables = {}
  }
}
