check "BEN0512" "replica_schema" {
  title      = "The replica has the tables of this program"
  step       = "store"
  source     = "server"
  table      = "replica"
  depends_on = ["BEN0003"]
  live       = true
  empty      = "skip"

  subject = row.name
  fail_if = matches(row.error, "tables of version|does not exist|42P01|42703")
  reason  = row.error == "" ? "${row.name} has the tables of this program" : "${row.name}: ${row.error}"

  remedy  = "A replica of a newer program needs a newer bench; tables that somebody removed are made anew by bench migrate up on the replica."
  runbook = <<-TEXT
    A feeder brings the replica's tables up to date when it connects, and refuses one that is ahead.
  TEXT

  fixture "right" {
    expect = "pass"
    rows   = [{ name = "replica", error = "" }]
  }
  fixture "newer" {
    expect = "fail"
    rows   = [{ name = "replica", error = "database \"x\" has tables of version 9, and this program knows them up to version 5: use a newer bench" }]
  }
}
