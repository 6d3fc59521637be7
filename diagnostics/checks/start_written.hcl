check "BEN0111" "start_written" {
  title      = "The start is written once all workers are ready"
  step       = "start"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0012", "BEN0109"]
  live       = true

  param "max_s" {
    default     = 2
    unit        = "s"
    description = "How long after the last worker became ready the start may be missing."
  }

  fail_if = row.ready == row.expected && row.attempt == 0 && row.ready_s > param.max_s
  reason  = row.attempt > 0 ? "the start was written, attempt ${row.attempt}" : row.ready == row.expected ? "all workers are ready since ${span(row.ready_s)}, and no start is written" : "${row.expected - row.ready} of ${row.expected} workers are not ready yet"

  remedy  = "The owner cannot store the event, or does not run: look at BEN0004 and BEN0012."
  runbook = <<-TEXT
    The owner stores the time line as the event ARM, and only then tells it to the workers.
  TEXT

  fixture "written" {
    expect = "pass"
    rows   = [{ ready = 2, expected = 2, attempt = 1, ready_s = 9 }]
  }
  fixture "not ready" {
    expect = "pass"
    rows   = [{ ready = 1, expected = 2, attempt = 0, ready_s = -1 }]
  }
  fixture "not written" {
    expect = "fail"
    reason = "ready since 9s, and no start is written"
    rows   = [{ ready = 2, expected = 2, attempt = 0, ready_s = 9 }]
  }
}
