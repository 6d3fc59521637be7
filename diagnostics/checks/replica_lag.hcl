check "BEN0514" "replica_lag" {
  title      = "The replica keeps up with the journal"
  step       = "store"
  source     = "server"
  table      = "replica"
  depends_on = ["BEN0513"]
  live       = true
  empty      = "skip"

  param "max_s" {
    default     = 60
    unit        = "s"
    description = "How old the oldest row may be that the replica lacks."
  }

  subject = row.name
  fail_if = row.waiting_s > param.max_s
  warn_if = row.waiting_s > param.max_s / 4
  reason  = "${row.name} lacks ${plural(row.waiting, "row")}, the oldest ${span(row.waiting_s)} old"

  remedy  = "It catches up with larger portions, at one statement a second; if the backlog grows, the replica is too slow or too far away."
  runbook = <<-TEXT
    Dashboards on the replica are as old as its lag. The live stream is not.
  TEXT

  fixture "keeps up" {
    expect = "pass"
    rows   = [{ name = "replica", waiting = 12, waiting_s = 1 }]
  }
  fixture "behind" {
    expect = "fail"
    reason = "lacks 90000 rows, the oldest 10m0s old"
    rows   = [{ name = "replica", waiting = 90000, waiting_s = 600 }]
  }
}
