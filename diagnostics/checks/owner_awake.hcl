check "BEN0012" "owner_awake" {
  title      = "The run's owner is not held up"
  step       = "owner"
  source     = "server"
  table      = "owner"
  depends_on = ["BEN0003", "BEN0004"]
  live       = true

  param "max_s" {
    default     = 3
    unit        = "s"
    description = "How long the run's goroutine may go without turning round."
  }

  fail_if = row.owner_s > param.max_s
  reason  = "the owner (${row.owner}) turned round ${span(row.owner_s)} ago"
  path    = "owner ${row.owner_s > param.max_s ? "held up ${span(row.owner_s)}" : "ok"}"

  remedy  = "The owner most likely waits for the journal's disk: look at BEN0004, at free space and at who locks the file."
  runbook = <<-TEXT
    One goroutine drives a run. The only thing outside of memory that it waits for is the journal, when a phase changes or
    an event is stored; while it waits, heartbeats and reports are not taken in.
  TEXT

  fixture "awake" {
    expect = "pass"
    rows   = [{ owner = "h pid 1", owner_s = 0.001 }]
  }
  fixture "held up" {
    expect = "fail"
    reason = "turned round 12s ago"
    rows   = [{ owner = "h pid 1", owner_s = 12 }]
  }
}
