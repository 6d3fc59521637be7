check "BEN0123" "none_done" {
  title      = "Operations that were sent are answered"
  step       = "done"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0107", "BEN0121", "BEN0131", "BEN0132", "BEN0203", "BEN0601"]
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase)

  param "max_s" {
    default     = 6
    unit        = "s"
    description = "How long no operation may be done; three times the longest so far, if that is more."
  }

  fail_if = row.in_flight > 0 && row.oldest_s > param.max_s && row.idle_s > max(param.max_s, 3 * row.longest_s)
  reason  = "${plural(row.in_flight, "operation")} in flight, the oldest for ${span(row.oldest_s)}; ${row.done == 0 ? "none was done since the start${row.failed > 0 ? ", ${row.failed} failed" : ""}" : "the last was done ${span(row.idle_s)} ago, the longest so far took ${span(row.longest_s)}"}"
  path    = "sent ${row.planned} · done ${row.done}"

  remedy  = "Ask the database what the sessions of application \"bench\" wait for: locks, a full pool, a suspended warehouse."
  wait    = "1m"
  runbook = <<-TEXT
    Operations were handed to the database and none came back, not even as an error (that is BEN0124). The load generator is
    not the cause: it waits. With Postgres
    the checks of step "target" say who holds whom up, with Snowflake BEN0131 says how the warehouse is. A statement timeout
    in the spec turns this into errors that name the statement.
  TEXT

  fixture "answered" {
    expect = "pass"
    rows   = [{ in_flight = 64, idle_s = 0.3, longest_s = 0.4, qps = 800, oldest_s = 0.2, planned = 9000, done = 8936, failed = 0 }]
  }
  fixture "slow, as it was" {
    expect = "pass"
    rows   = [{ in_flight = 4, idle_s = 20, longest_s = 15, qps = 0, oldest_s = 20, planned = 9, done = 5, failed = 0 }]
  }
  fixture "stuck" {
    expect = "fail"
    reason = "64 operations in flight, the oldest for 45s"
    rows   = [{ in_flight = 64, idle_s = 45, longest_s = 0, qps = 0, oldest_s = 45, planned = 64, done = 0, failed = 0 }]
  }
  fixture "all fail at once" {
    expect = "pass"
    rows   = [{ in_flight = 8, idle_s = 45, longest_s = 0, qps = 0, oldest_s = 0.1, planned = 9000, done = 0, failed = 8992 }]
  }
}
