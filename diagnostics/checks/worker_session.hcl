check "BEN0103" "worker_session" {
  title      = "Every worker sets its sessions up"
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
  fail_if = contains(["clock", "session setup", "prepare"], row.stage) && row.stage_s > param.max_s
  reason  = "${row.worker} is at ${row.stage} for ${span(row.stage_s)}${row.last_error == "" ? "" : ": ${row.last_error}"}"

  remedy  = "Run the init statements of the spec's session block by hand and look at what they wait for."
  runbook = <<-TEXT
    Session parameters, init statements and the preparing of statements run once per connection, before anything is measured. A lock held on a table makes a prepared statement wait, too.
  TEXT

  fixture "beyond it" {
    expect = "pass"
    rows   = [{ worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 }]
  }
  fixture "at it for long" {
    expect = "fail"
    reason = "worker-1 is at session setup for 2m0s"
    rows = [
      { worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 },
      { worker = "worker-1", stage = "session setup", stage_s = 120, last_error = "", host = "h", pid = 2 },
    ]
  }
}
