check "BEN0102" "worker_login" {
  title      = "Every worker gets its sessions"
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
  fail_if = row.stage == "login" && row.stage_s > param.max_s
  reason  = "${row.worker} is at ${row.stage} for ${span(row.stage_s)}${row.last_error == "" ? "" : ": ${row.last_error}"}"

  remedy  = "Try the same login by hand from ${row.host}: address, TLS, user, and how many sessions the database still gives out."
  runbook = <<-TEXT
    Opening a session takes time when the name does not resolve, the network drops packets, the database is at its limit of sessions (BEN0602), or a warehouse has to start.
  TEXT

  fixture "beyond it" {
    expect = "pass"
    rows   = [{ worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 }]
  }
  fixture "at it for long" {
    expect = "fail"
    reason = "worker-1 is at login for 2m0s"
    rows = [
      { worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 },
      { worker = "worker-1", stage = "login", stage_s = 120, last_error = "", host = "h", pid = 2 },
    ]
  }
}
