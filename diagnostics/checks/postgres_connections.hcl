check "BEN0602" "postgres_connections" {
  title     = "The database has sessions left"
  step      = "target"
  source    = "target"
  target    = "postgres"
  preflight = true

  param "max_share" {
    default     = 0.95
    description = "Share of max_connections, without those reserved, that may be in use."
  }

  sql = <<-SQL
    SELECT COUNT(*) AS used,
           CAST(current_setting('max_connections') AS BIGINT) - CAST(current_setting('superuser_reserved_connections') AS BIGINT) AS available,
           COUNT(*) FILTER (WHERE application_name LIKE 'bench%') AS ours
    FROM pg_stat_activity
    WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND COALESCE(backend_type, 'client backend') = 'client backend'
  SQL

  fail_if = row.used > param.max_share * row.available
  warn_if = row.used > 0.8 * row.available
  reason  = "${row.used} of ${row.available} sessions in use, ${row.ours} by bench"
  clears  = "sessions"

  remedy  = "Fewer connections in the load, a pooler before the database, or a larger max_connections."
  runbook = <<-TEXT
    At the limit, logins are refused with "too many clients": workers give up at login (BEN0102, BEN0105).
  TEXT

  fixture "room" {
    expect = "pass"
    rows   = [{ used = 20, available = 97, ours = 10 }]
  }
  fixture "exhausted" {
    expect = "fail"
    reason = "97 of 97 sessions in use"
    rows   = [{ used = 97, available = 97, ours = 64 }]
  }
}
