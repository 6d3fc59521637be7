check "BEN0101" "worker_launch" {
  title      = "Every worker that was started has registered"
  step       = "workers"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0012"]
  live       = true
  applies_if = run.phase == "PREPARING"

  param "max_s" {
    default     = 10
    unit        = "s"
    description = "How long a worker may be at it."
  }

  subject = row.worker
  fail_if = row.stage == "launch" && row.stage_s > param.max_s
  reason  = "${row.worker} is at ${row.stage} for ${span(row.stage_s)}${row.last_error == "" ? "" : ": ${row.last_error}"}"

  remedy  = "Look at the server's log (-v) for what the process said; a worker needs to reach the server's address."
  runbook = <<-TEXT
    The process was started and has not said a word: it ends at once, cannot reach the server, or its token is refused.
  TEXT

  fixture "beyond it" {
    expect = "pass"
    rows   = [{ worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 }]
  }
  fixture "at it for long" {
    expect = "fail"
    reason = "worker-1 is at launch for 2m0s"
    rows = [
      { worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 },
      { worker = "worker-1", stage = "launch", stage_s = 120, last_error = "", host = "h", pid = 2 },
    ]
  }
}
