check "BEN0104" "worker_pool" {
  title      = "Every worker fills its pools of parameters"
  step       = "workers"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0012"]
  live       = true
  applies_if = run.phase == "PREPARING"

  param "max_s" {
    default     = 30
    unit        = "s"
    description = "How long a worker may be at it."
  }

  subject = row.worker
  fail_if = row.stage == "pool" && row.stage_s > param.max_s
  reason  = "${row.worker} is at ${row.stage} for ${span(row.stage_s)}${row.last_error == "" ? "" : ": ${row.last_error}"}"

  remedy  = "Run the query of the spec's pool by hand: it wants an index, or fewer rows."
  runbook = <<-TEXT
    The query of a parameter's pool runs once per worker, before the start.
  TEXT

  fixture "beyond it" {
    expect = "pass"
    rows   = [{ worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 }]
  }
  fixture "at it for long" {
    expect = "fail"
    reason = "worker-1 is at pool for 2m0s"
    rows = [
      { worker = "worker-0", stage = "waiting for start", stage_s = 99, last_error = "", host = "h", pid = 1 },
      { worker = "worker-1", stage = "pool", stage_s = 120, last_error = "", host = "h", pid = 2 },
    ]
  }
}
