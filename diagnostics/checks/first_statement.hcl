check "BEN0121" "first_statement" {
  title      = "Every worker takes up operations once the run has started"
  step       = "statement"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0107", "BEN0113", "BEN0201"]
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase) && run.since_t0_s > param.max_s

  param "max_s" {
    default     = 3
    unit        = "s"
    description = "How long after the start the first operation may be missing."
  }

  subject = row.worker
  fail_if = row.planned == 0 && row.active != 0 && !row.final
  reason  = "${row.worker} is ${row.status} and told of ${plural(row.planned, "operation")} since the start, in ${plural(row.reports, "report")}${row.active == 0 ? "; none of its connections is due yet" : ""}"

  remedy  = "Look at what ${row.worker} (pid ${row.pid} on ${row.host}) does after the start: RUN_LOGS, its log (-v), its stack (kill -QUIT ${row.pid} prints it and ends the worker)."
  runbook = <<-TEXT
    The worker has acknowledged the start and does not come to its first operation: it hangs between the gate and the first
    statement, its clock is wrong by so much that t0 lies ahead for it (BEN0305), or its load has no connection for it.
  TEXT

  fixture "working" {
    expect = "pass"
    rows   = [{ worker = "worker-0", status = "RUNNING", planned = 10, reports = 5, active = 1, final = false, pid = 1, host = "h" }]
  }
  fixture "its connections come later" {
    expect = "pass"
    rows   = [{ worker = "worker-0", status = "RUNNING", planned = 0, reports = 5, active = 0, final = false, pid = 1, host = "h" }]
  }
  fixture "blocked after the start" {
    expect = "fail"
    reason = "worker-1 is RUNNING and told of 0 operations since the start, in 5 reports"
    rows = [
      { worker = "worker-0", status = "RUNNING", planned = 10, reports = 5, active = 1, final = false, pid = 1, host = "h" },
      { worker = "worker-1", status = "RUNNING", planned = 0, reports = 5, active = 1, final = false, pid = 2, host = "h" },
    ]
  }
}
