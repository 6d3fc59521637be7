check "BEN0213" "hop_lag" {
  title      = "What workers measure is shown at once"
  step       = "aggregate"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0107", "BEN0203"]
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase) && run.since_t0_s > 3

  param "max_ms" {
    default     = 3000
    unit        = "ms"
    description = "How long a report may take from the end of its interval until it is received."
  }

  subject = row.worker
  fail_if = row.lag_ms > param.max_ms
  warn_if = row.lag_ms > param.max_ms / 3 || row.unstored > 5
  reason  = "${row.worker}: the newest report came ${round(row.lag_ms, 0)} ms after its interval, ${row.unstored} received and not stored"

  remedy  = "By hop: much lag_ms of one worker is its network or its host; of all workers the server; unstored reports are the journal's disk (BEN0004)."
  runbook = <<-TEXT
    A second is shown when all live workers have reported it, at latest a quarter of a second after its end; what comes later
    corrects it. So one worker that is late makes seconds wrong at first, and never holds them up.
  TEXT

  fixture "in time" {
    expect = "pass"
    rows   = [{ worker = "worker-0", lag_ms = 12, unstored = 0 }]
  }
  fixture "late" {
    expect = "fail"
    reason = "worker-1: the newest report came 5200 ms after its interval"
    rows   = [{ worker = "worker-0", lag_ms = 12, unstored = 0 }, { worker = "worker-1", lag_ms = 5200.4, unstored = 0 }]
  }
}
