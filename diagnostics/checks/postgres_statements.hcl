check "BEN0603" "postgres_statements" {
  title     = "pg_stat_statements is there"
  step      = "target"
  source    = "target"
  target    = "postgres"
  preflight = true

  sql = <<-SQL
    SELECT COUNT(*) AS installed
    FROM pg_extension
    WHERE extname = 'pg_stat_statements'
  SQL

  warn_if = row.installed == 0
  fail_if = false
  reason  = row.installed == 0 ? "pg_stat_statements is not installed, so the server's own timings cannot be held against the client's" : "pg_stat_statements is installed"

  remedy  = "shared_preload_libraries = 'pg_stat_statements', restart, CREATE EXTENSION pg_stat_statements;"
  runbook = <<-TEXT
    Without it nothing says where the time of a statement went on the server. Measurements from the client are complete all
    the same.
  TEXT

  fixture "there" {
    expect = "pass"
    rows   = [{ installed = 1 }]
  }
  fixture "missing" {
    expect = "warn"
    rows   = [{ installed = 0 }]
  }
}
