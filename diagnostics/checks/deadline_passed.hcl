check "BEN0008" "deadline_passed" {
  title      = "The next deadline of the run lies ahead"
  step       = "status"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0012"]
  live       = true

  param "max_s" {
    default     = 2
    unit        = "s"
    description = "How long ago a deadline may have passed."
  }

  fail_if = row.overdue_s > param.max_s
  reason  = row.overdue_s > 0 ? "a deadline of ${row.phase} passed ${span(row.overdue_s)} ago and nothing changed" : row.overdue_s < 0 ? "${row.phase}: the next deadline is in ${span(-row.overdue_s)}" : "${row.phase} has no deadline"

  remedy  = "This is a bug, or the owner's clock stands still: keep bench doctor --bundle and the server's log (-v)."
  runbook = <<-TEXT
    Every wait of a run has a deadline: ready, start, end of warmup, end of measurement, drain. A deadline that has passed and
    is not acted on means that the run's goroutine does not run.
  TEXT

  fixture "ahead" {
    expect = "pass"
    reason = "WARMUP: the next deadline is in 8s"
    rows   = [{ overdue_s = -8, phase = "WARMUP" }]
  }
  fixture "passed" {
    expect = "fail"
    rows   = [{ overdue_s = 9, phase = "WARMUP" }]
  }
}
