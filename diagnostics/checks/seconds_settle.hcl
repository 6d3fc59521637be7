check "BEN0214" "seconds_settle" {
  title      = "Seconds are told when they are over"
  step       = "aggregate"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0012", "BEN0213"]
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase) && run.since_t0_s > 3

  param "max_ms" {
    default     = 2000
    unit        = "ms"
    description = "How long after its end a second may be told."
  }

  too_few_if = row.second < 0
  fail_if    = row.settle_ms > param.max_ms
  reason     = "second ${row.second} was told ${round(row.settle_ms, 0)} ms after its end, with ${row.reporting} of ${plural(row.expected, "worker")}"

  remedy  = "The server is short of processor time, or its goroutine is held up (BEN0012)."
  runbook = <<-TEXT
    From the end of a second to its frame on the stream lies at most a quarter of a second, by design.
  TEXT

  fixture "in time" {
    expect = "pass"
    rows   = [{ second = 8, settle_ms = 40, reporting = 4, expected = 4 }]
  }
  fixture "late" {
    expect = "fail"
    rows   = [{ second = 8, settle_ms = 4000, reporting = 4, expected = 4 }]
  }
}
