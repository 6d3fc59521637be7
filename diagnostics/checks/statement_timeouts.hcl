check "BEN0710" "statement_timeouts" {
  title     = "Statement timeouts of the warehouse let statements end"
  step      = "target"
  source    = "target"
  target    = "snowflake"
  timeout   = "20s"
  preflight = true

  sql = <<-SQL
    SHOW PARAMETERS LIKE 'STATEMENT%TIMEOUT_IN_SECONDS' IN WAREHOUSE
  SQL

  subject = row.key
  fail_if = row.key == "STATEMENT_TIMEOUT_IN_SECONDS" && row.value > 0 && row.value < 10
  warn_if = row.key == "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS" && row.value > 0 && row.value < 60
  reason  = "${row.key} is ${row.value}"

  remedy  = "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = ...; in the spec's session block."
  runbook = <<-TEXT
    A timeout that is shorter than the slowest statement turns latencies into errors. Sessions of bench set their own, from the
    spec, so those of account and user do not count; that of the warehouse stands beside it, and the shorter one ends a statement.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ key = "STATEMENT_TIMEOUT_IN_SECONDS", value = "172800" }]
  }
  fixture "not fine" {
    expect = "fail"
    reason = "STATEMENT_TIMEOUT_IN_SECONDS is 5"
    rows   = [{ key = "STATEMENT_TIMEOUT_IN_SECONDS", value = "5" }]
  }
}
