check "BEN0702" "clusters_scale" {
  title      = "The warehouse has the clusters that its queue asks for"
  step       = "target"
  source     = "run"
  live       = true
  applies_if = run.target == "snowflake" && run.since_t0_s > 5

  sql = <<-SQL
    SELECT WAREHOUSE AS warehouse, COUNT(*) AS samples,
           SUM(CASE WHEN QUEUED_QUERIES > 0 THEN 1 ELSE 0 END) AS queueing,
           MAX(STARTED_CLUSTERS) AS started, MAX(MAX_CLUSTERS) AS allowed, MAX(SCALING_POLICY) AS policy
    FROM WAREHOUSE_POLL_SNAPSHOTS
    WHERE RUN_ID = ${run}
      AND PHASE = 'MEASUREMENT'
    GROUP BY WAREHOUSE
  SQL

  subject    = row.warehouse
  too_few_if = row.samples < 3
  fail_if    = 2 * row.queueing > row.samples && row.started >= row.allowed
  warn_if    = row.queueing > 0
  reason     = "${row.warehouse}: queries queued in ${row.queueing} of ${row.samples} samples, ${row.started} of ${plural(row.allowed, "cluster")} started (${row.policy})"

  remedy  = "ALTER WAREHOUSE IDENTIFIER('${row.warehouse}') SET MAX_CLUSTER_COUNT = ${row.allowed + 1};"
  runbook = <<-TEXT
    With all clusters started and a queue, the warehouse is at its end. With clusters left, the ECONOMY policy starts them late.
  TEXT

  fixture "no queue" {
    expect = "pass"
    tables = { WAREHOUSE_POLL_SNAPSHOTS = [for n in [1, 2, 3] : { WAREHOUSE = "W", TIMESTAMP = at(-n), PHASE = "MEASUREMENT", STARTED_CLUSTERS = 1, MAX_CLUSTERS = 2 }] }
  }
  fixture "at its end" {
    expect = "fail"
    reason = "W: queries queued in 3 of 3 samples, 2 of 2 clusters started"
    tables = { WAREHOUSE_POLL_SNAPSHOTS = [for n in [1, 2, 3] : { WAREHOUSE = "W", TIMESTAMP = at(-n), PHASE = "MEASUREMENT", QUEUED_QUERIES = 9, STARTED_CLUSTERS = 2, MAX_CLUSTERS = 2 }] }
  }
}
