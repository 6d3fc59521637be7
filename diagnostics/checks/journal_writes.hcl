check "BEN0004" "journal_writes" {
  title      = "The journal takes what is written"
  step       = "owner"
  source     = "server"
  table      = "journal"
  depends_on = ["BEN0003"]
  live       = true

  param "max_s" {
    default     = 2
    unit        = "s"
    description = "How long rows may wait to be stored."
  }

  fail_if = row.failing_s > 0 || row.waiting_s > param.max_s
  reason  = row.failing_s > 0 ? "the journal cannot be written since ${span(row.failing_s)}, ${plural(row.waiting, "row")} wait: ${row.error}" : "${plural(row.waiting, "row")} wait since ${span(row.waiting_s)}"
  clears  = "journal"

  remedy  = "Free space on the journal's disk, or end what holds a lock on the file (a sqlite3 shell in a transaction). Nothing is lost yet: runs end when that lasts for --journal-after (20 s)."
  runbook = <<-TEXT
    The journal is one local SQLite file. Batches are kept in memory and tried again until they are stored; phases change
    only once that is stored, so a journal that does not answer also holds up the owner (BEN0012).
  TEXT

  fixture "works" {
    expect = "pass"
    rows   = [{ waiting = 3, waiting_s = 0.02, failing_s = 0, error = "" }]
  }
  fixture "locked" {
    expect = "fail"
    reason = "cannot be written since 8.1s, 300 rows wait: database is locked"
    rows   = [{ waiting = 300, waiting_s = 9, failing_s = 8.1, error = "database is locked" }]
  }
}
