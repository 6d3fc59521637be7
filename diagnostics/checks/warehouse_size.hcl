check "BEN0703" "warehouse_size" {
  title      = "Warehouse and role are those of the spec, and stay so"
  step       = "target"
  source     = "run"
  live       = true
  applies_if = run.target == "snowflake" && run.since_t0_s > 1

  sql = <<-SQL
    SELECT P.WAREHOUSE AS warehouse, MIN(P.SIZE) AS size_min, MAX(P.SIZE) AS size_max,
           COALESCE((SELECT MAX(F.VALUE) FROM RUN_ENVIRONMENT AS F WHERE F.RUN_ID = ${run} AND F.SOURCE = 'target' AND F.NAME = 'role'), 'unknown') AS role_is,
           COALESCE((SELECT MAX(${json("R.PLAN", "target")}) FROM RUN_STATUS AS R WHERE R.RUN_ID = ${run}), '{}') AS target
    FROM WAREHOUSE_POLL_SNAPSHOTS AS P
    WHERE P.RUN_ID = ${run}
    GROUP BY P.WAREHOUSE
  SQL

  subject = row.warehouse
  fail_if = row.size_min != row.size_max || matches(row.target, "\"role\":\"") && !matches(lower(row.target), "\"role\":\"${lower(row.role_is)}\"")
  reason  = "${row.warehouse} had ${row.size_min == row.size_max ? "size ${row.size_min}" : "sizes ${row.size_min} and ${row.size_max}"}, the role was ${row.role_is}"

  remedy  = "ALTER WAREHOUSE IDENTIFIER('${row.warehouse}') SET WAREHOUSE_SIZE = ...; and name warehouse and role in the spec's target."
  runbook = <<-TEXT
    Somebody resized the warehouse while it was measured, or the connection has a default role that is not the one of the spec.
  TEXT

  fixture "as said" {
    expect = "pass"
    tables = {
      RUN_STATUS               = [{ PLAN = "{\"target\":{\"options\":{\"role\":\"BENCH\"}}}" }]
      RUN_ENVIRONMENT          = [{ SOURCE = "target", NAME = "role", VALUE = "BENCH" }]
      WAREHOUSE_POLL_SNAPSHOTS = [{ WAREHOUSE = "W", SIZE = "X-Small" }]
    }
  }
  fixture "resized" {
    expect = "fail"
    reason = "W had sizes Large and X-Small"
    tables = { WAREHOUSE_POLL_SNAPSHOTS = [{ WAREHOUSE = "W", TIMESTAMP = at(-9), SIZE = "X-Small" }, { WAREHOUSE = "W", TIMESTAMP = at(-2), SIZE = "Large" }] }
  }
  fixture "other role" {
    expect = "fail"
    reason = "the role was PUBLIC"
    tables = {
      RUN_STATUS               = [{ PLAN = "{\"target\":{\"options\":{\"role\":\"BENCH\"}}}" }]
      RUN_ENVIRONMENT          = [{ SOURCE = "target", NAME = "role", VALUE = "PUBLIC" }]
      WAREHOUSE_POLL_SNAPSHOTS = [{ WAREHOUSE = "W", SIZE = "X-Small" }]
    }
  }
}
