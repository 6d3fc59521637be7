check "BEN0503" "journal_orphans" {
  title      = "The journal holds no run that nobody drives"
  step       = "store"
  source     = "run"
  preflight  = true
  applies_if = run.status == ""

  sql = <<-SQL
    SELECT COUNT(*) AS runs,
           COALESCE(SUM(CASE WHEN STATUS NOT IN ('COMPLETED', 'CANCELLED', 'FAILED')
                              AND ${seconds("UPDATED_AT", now)} > 3600 THEN 1 ELSE 0 END), 0) AS orphans
    FROM RUN_STATUS
  SQL

  warn_if = row.orphans > 0
  fail_if = false
  reason  = "${plural(row.runs, "run")} in the journal, ${row.orphans} of them unfinished and untouched for an hour"

  remedy  = "bench serve on this journal takes them over or ends them."
  runbook = <<-TEXT
    A server ends or adopts, when it starts, all runs that another left unfinished.
  TEXT

  fixture "clean" {
    expect = "pass"
    tables = {}
  }
  fixture "left behind" {
    expect = "warn"
    reason = "1 run in the journal, 1 of them unfinished"
    tables = { RUN_STATUS = [{ UPDATED_AT = at(-7200) }] }
  }
}
