check "BEN0009" "stop_heeded" {
  title      = "A stop that was asked for is heeded"
  step       = "status"
  source     = "run"
  depends_on = ["BEN0001", "BEN0012"]
  applies_if = !run.ended

  param "max_s" {
    default     = 5
    unit        = "s"
    description = "How long a stop may stay without an answer."
  }

  sql = <<-SQL
    SELECT DESIRED AS desired, STATUS AS status, ${seconds("UPDATED_AT", now)} AS age_s
    FROM RUN_STATUS
    WHERE RUN_ID = ${run}
  SQL

  fail_if = row.desired != "run" && contains(["STARTING", "RUNNING"], row.status) && row.age_s > param.max_s
  reason  = row.desired == "run" ? "nobody asked for a stop" : "${row.desired} was asked for ${span(row.age_s)} ago and the run is ${row.status}"

  remedy  = "bench stop --now cancels what is in flight; a server that does not answer has to be started again on the journal."
  runbook = <<-TEXT
    What a person wants is a column of its own, DESIRED, which only the owner of the run acts on. It acts at once.
  TEXT

  fixture "wanted" {
    expect = "pass"
    tables = {}
  }
  fixture "not heeded" {
    expect = "fail"
    reason = "stop was asked for 20s ago and the run is RUNNING"
    tables = { RUN_STATUS = [{ DESIRED = "stop", UPDATED_AT = at(-20) }] }
  }
}
