check "BEN0006" "qps" {
  title      = "Operations are done"
  step       = "status"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0003"]
  symptom    = true
  live       = false

  fail_if = row.qps == 0 && contains(["WARMUP", "MEASUREMENT"], row.phase) && row.in_flight > 0 && row.oldest_s > 6 && row.idle_s > max(6, 3 * row.longest_s)
  warn_if = row.qps == 0
  reason  = row.qps > 0 ? "QPS ${row.qps} in second ${row.second}" : "QPS 0 because ${row.in_flight > 0 && (row.oldest_s >= 1 || row.why == "") ? "${plural(row.in_flight, "operation")} in flight and none was done in the newest second (oldest ${span(row.oldest_s)})" : row.why != "" ? row.why : row.waiting != "" ? "the run is in ${row.phase}: ${row.waiting}" : "the run is in ${row.phase}"}"

  remedy  = "The cause stands above, or is named by the first failing check on the way of an operation."
  runbook = <<-TEXT
    In PREPARING no operation is executed, and QPS is 0 by nature. From the start on, 0 is told apart into: not
    started (BEN0101 to BEN0111), not acknowledged (BEN0113), not taken up (BEN0121), sent but none done (BEN0123), all
    failing (BEN0124), done but not received (BEN0201), received but excluded (BEN0211).
  TEXT

  fixture "running" {
    expect = "pass"
    reason = "QPS 812 in second 9"
    rows   = [{ idle_s = 0.2, longest_s = 0.1, qps = 812, phase = "WARMUP", phase_s = 9, second = 9, in_flight = 4, oldest_s = 0.1, why = "", waiting = "" }]
  }
  fixture "preparing" {
    expect = "warn"
    reason = "QPS 0 because the run is in PREPARING: setup SQL"
    rows   = [{ idle_s = -1, longest_s = 0, qps = 0, phase = "PREPARING", phase_s = 9, second = -1, in_flight = 0, oldest_s = 0, why = "", waiting = "setup SQL" }]
  }
  fixture "all fail at once" {
    expect = "warn"
    reason = "QPS 0 because every operation failed: no such table"
    rows   = [{ idle_s = 9, longest_s = 0, qps = 0, phase = "WARMUP", phase_s = 9, second = 8, in_flight = 8, oldest_s = 0.1, why = "every operation failed: no such table", waiting = "" }]
  }
  fixture "stuck" {
    expect = "fail"
    reason = "QPS 0 because 64 operations in flight and none was done in the newest second (oldest 45s)"
    rows   = [{ idle_s = 45, longest_s = 0, qps = 0, phase = "WARMUP", phase_s = 46, second = 45, in_flight = 64, oldest_s = 45, why = "", waiting = "" }]
  }
}
