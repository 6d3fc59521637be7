check "BEN0131" "warehouse_state" {
  title      = "The warehouse runs"
  step       = "done"
  source     = "run"
  depends_on = ["BEN0132"]
  live       = true
  applies_if = run.target == "snowflake" && !run.ended

  param "max_age_s" {
    default     = 60
    unit        = "s"
    description = "How old the newest sample of the warehouse may be."
  }

  sql = <<-SQL
    SELECT P.WAREHOUSE AS warehouse, P.STATE AS state, ${seconds("P.TIMESTAMP", now)} AS age_s,
           ${seconds("(SELECT MIN(F.TIMESTAMP) FROM WAREHOUSE_POLL_SNAPSHOTS AS F WHERE F.RUN_ID = P.RUN_ID AND F.WAREHOUSE = P.WAREHOUSE AND F.STATE = P.STATE)", now)} AS for_s
    FROM WAREHOUSE_POLL_SNAPSHOTS AS P
    WHERE P.RUN_ID = ${run}
      AND P.TIMESTAMP = (SELECT MAX(N.TIMESTAMP) FROM WAREHOUSE_POLL_SNAPSHOTS AS N WHERE N.RUN_ID = P.RUN_ID AND N.WAREHOUSE = P.WAREHOUSE)
  SQL

  subject  = row.warehouse
  stale_if = row.age_s > param.max_age_s
  fail_if  = contains(["SUSPENDED", "SUSPENDING", "RESUMING"], row.state)
  reason   = "warehouse ${row.warehouse} is ${row.state}, first seen so ${span(row.for_s)} ago"

  remedy  = "wait, or: ALTER WAREHOUSE IDENTIFIER('${row.warehouse}') RESUME IF SUSPENDED;"
  wait    = "3m"
  then    = "BEN0132"
  runbook = <<-TEXT
    Statements wait until the warehouse has resumed, usually seconds, minutes for large or rare sizes. Resume it before the
    run (setup SQL), and set AUTO_SUSPEND longer than the pauses of the load.
  TEXT

  fixture "runs" {
    expect = "pass"
    tables = { WAREHOUSE_POLL_SNAPSHOTS = [
      { WAREHOUSE = "HT_XS", STATE = "RESUMING", TIMESTAMP = at(-30) },
      { WAREHOUSE = "HT_XS", STATE = "STARTED", TIMESTAMP = at(-5) },
    ] }
  }
  fixture "resuming" {
    expect = "fail"
    reason = "warehouse HT_XS is RESUMING, first seen so 1m0s ago"
    tables = { WAREHOUSE_POLL_SNAPSHOTS = [
      { WAREHOUSE = "HT_XS", STATE = "RESUMING", TIMESTAMP = at(-60) },
      { WAREHOUSE = "HT_XS", STATE = "RESUMING", TIMESTAMP = at(-5) },
    ] }
  }
  fixture "not sampled any more" {
    expect = "undetermined"
    tables = { WAREHOUSE_POLL_SNAPSHOTS = [{ WAREHOUSE = "HT_XS", STATE = "STARTED", TIMESTAMP = at(-600) }] }
  }
}
