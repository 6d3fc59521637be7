check "BEN0511" "replica_grants" {
  title      = "The feeder of the replica may write to it"
  step       = "store"
  source     = "server"
  table      = "replica"
  depends_on = ["BEN0003"]
  live       = true
  empty      = "skip"

  subject = row.name
  fail_if = matches(row.error, "42501|permission denied|nsufficient privilege")
  reason  = row.error == "" ? "${row.name} takes what it is fed" : "${row.name}: ${row.error}"

  remedy  = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO the role of the address that is fed."
  runbook = <<-TEXT
    The feeder upserts rows of every table and keeps its place in REPLICA_PROGRESS; it needs SELECT, INSERT, UPDATE and DELETE
    on them, and CREATE for migrations. Nothing is lost meanwhile: the journal has it all.
  TEXT

  fixture "granted" {
    expect = "pass"
    rows   = [{ name = "replica", error = "" }]
  }
  fixture "revoked" {
    expect = "fail"
    reason = "permission denied"
    rows   = [{ name = "replica", error = "feed changes 1 to 9: permission denied for table run_status (SQLSTATE 42501)" }]
  }
}
