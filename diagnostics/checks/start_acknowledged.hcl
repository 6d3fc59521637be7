check "BEN0113" "start_acknowledged" {
  title      = "Every worker acknowledges the start"
  step       = "start"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0111", "BEN0112"]
  live       = true

  fail_if = row.attempt > 0 && row.armed < row.expected && row.phase == "PREPARING" && row.attempt > 1
  warn_if = row.attempt > 0 && row.armed < row.expected && row.phase == "PREPARING"
  reason  = row.attempt == 0 ? "no start is written yet" : row.phase == "PREPARING" ? "the start is acknowledged by ${row.armed} of ${plural(row.expected, "worker")}, attempt ${row.attempt} of 5" : "the start was acknowledged by all in attempt ${row.attempt}"
  path    = row.attempt == 0 ? "start not written" : row.phase == "PREPARING" ? "start acked ${row.armed}/${row.expected}" : "start acked"

  remedy  = "The workers that are missing were handed the start and did not answer: look at their processes, and at the time between worker and server."
  runbook = <<-TEXT
    A worker answers ARM in its next heartbeat, at once. Whoever misses the margin makes the owner choose a later t0; after
    five attempts the run ends, workers_not_ready.
  TEXT

  fixture "acknowledged" {
    expect = "pass"
    rows   = [{ attempt = 1, armed = 4, expected = 4, phase = "WARMUP" }]
  }
  fixture "waiting" {
    expect = "warn"
    rows   = [{ attempt = 1, armed = 3, expected = 4, phase = "PREPARING" }]
  }
  fixture "not acknowledged" {
    expect = "fail"
    reason = "acknowledged by 3 of 4 workers, attempt 3 of 5"
    rows   = [{ attempt = 3, armed = 3, expected = 4, phase = "PREPARING" }]
  }
}
