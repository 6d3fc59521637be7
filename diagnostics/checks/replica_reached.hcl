check "BEN0513" "replica_reached" {
  title      = "The replica is reached"
  step       = "store"
  source     = "server"
  table      = "replica"
  depends_on = ["BEN0511", "BEN0512"]
  live       = true
  empty      = "skip"

  subject = row.name
  fail_if = !row.ok
  reason  = row.ok ? "${row.name} is reached" : "${row.name} is not reached since ${span(row.failing_s)}, ${plural(row.waiting, "row")} wait: ${row.error}"

  remedy  = "Look at the replica's address, its process, its disk. Runs do not need it: the feeder catches up by itself when it is back."
  runbook = <<-TEXT
    Nothing waits for a replica. What it lacks is kept in the journal, in order.
  TEXT

  fixture "reached" {
    expect = "pass"
    rows   = [{ name = "replica", ok = true, failing_s = 0, waiting = 0, error = "" }]
  }
  fixture "away" {
    expect = "fail"
    reason = "is not reached since 1m30s, 900 rows wait: connection refused"
    rows   = [{ name = "replica", ok = false, failing_s = 90, waiting = 900, error = "connection refused" }]
  }
}
