check "BEN0709" "grants_there" {
  title     = "The role may do what bench needs"
  step      = "target"
  source    = "target"
  target    = "snowflake"
  timeout   = "20s"
  preflight = true

  sql = <<-SQL
    SELECT P.privilege AS privilege, COUNT(O.PRIVILEGE_TYPE) AS granted
    FROM (SELECT 'USAGE' AS privilege UNION ALL SELECT 'MONITOR') AS P
    LEFT JOIN INFORMATION_SCHEMA.OBJECT_PRIVILEGES AS O
      ON O.OBJECT_TYPE = 'WAREHOUSE' AND O.OBJECT_NAME = CURRENT_WAREHOUSE() AND O.PRIVILEGE_TYPE IN (P.privilege, 'OWNERSHIP')
    GROUP BY P.privilege
  SQL

  subject = row.privilege
  fail_if = row.granted == 0 && row.privilege == "USAGE"
  warn_if = row.granted == 0
  reason  = "${row.privilege} on the warehouse: ${row.granted > 0 ? "granted" : "not granted"}"

  remedy  = "GRANT ${row.privilege} ON WAREHOUSE ... TO ROLE ...;"
  runbook = <<-TEXT
    USAGE runs statements. MONITOR shows the warehouse's queue and the history of others on it; without it such checks are undetermined.
  TEXT

  fixture "fine" {
    expect = "pass"
    rows   = [{ privilege = "USAGE", granted = 1 }, { privilege = "MONITOR", granted = 1 }]
  }
  fixture "not fine" {
    expect = "fail"
    reason = "USAGE on the warehouse: not granted"
    rows   = [{ privilege = "USAGE", granted = 0 }, { privilege = "MONITOR", granted = 1 }]
  }
}
