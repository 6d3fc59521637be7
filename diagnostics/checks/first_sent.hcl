check "BEN0121" "first_statement_sent" {
  title      = "Every worker takes up operations once the run has started"
  step       = "statement"
  source     = "server"
  table      = "workers"
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase) && run.since_t0_s > param.max_s

  param "max_s" {
    default     = 3
    unit        = "s"
    description = "How long after the start the first operation may be missing."
  }

  subject = row.worker
  fail_if = row.planned == 0
  reason  = "${row.worker} is ${row.status} and has taken up ${plural(row.planned, "operation")} since the start"

  remedy  = "Look at what ${row.worker} (pid ${row.pid} on ${row.host}) does after the start: bench tail, RUN_LOGS, its stack."
  runbook = <<-TEXT
    The worker has its start and does not come to its first operation, or its reports do not arrive. Compare its heartbeats,
    which say what it is at, with its reports.
  TEXT

  fixture "working" {
    expect = "pass"
    rows   = [{ worker = "worker-0", status = "RUNNING", planned = 10, pid = 1, host = "h" }]
  }
  fixture "blocked after the start" {
    expect = "fail"
    reason = "worker-1 is RUNNING and has taken up 0 operations"
    rows = [
      { worker = "worker-0", status = "RUNNING", planned = 10, pid = 1, host = "h" },
      { worker = "worker-1", status = "RUNNING", planned = 0, pid = 2, host = "h" },
    ]
  }
}
