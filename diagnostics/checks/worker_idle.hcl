check "BEN0108" "worker_idle" {
  title      = "No worker idles while others work"
  step       = "workers"
  source     = "run"
  depends_on = ["BEN0106", "BEN0107", "BEN0121"]
  live       = true
  applies_if = !run.ended && contains(["WARMUP", "MEASUREMENT"], run.phase) && run.since_t0_s > 12 && run.workers > 1

  sql = <<-SQL
    SELECT WORKER_ID AS worker,
           SUM(STARTED) AS started,
           MAX(IN_FLIGHT) AS in_flight,
           SUM(SUM(STARTED)) OVER () AS everybody
    FROM WORKER_METRICS_SNAPSHOTS
    WHERE RUN_ID = ${run}
      AND TIMESTAMP > ${ago(10)}
    GROUP BY WORKER_ID
  SQL

  subject = row.worker
  fail_if = row.started == 0 && row.in_flight == 0 && row.everybody > 0
  reason  = "${row.worker} took up ${plural(row.started, "operation")} in the last 10 s, all workers together ${row.everybody}"

  remedy  = "Look at the stages of the load and at the shares of connections: a worker without a connection has nothing to do."
  runbook = <<-TEXT
    Connections are dealt out evenly over workers. One that starts nothing, waits for nothing and is heard has lost its load.
  TEXT

  fixture "all work" {
    expect = "pass"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", STARTED = 9, TIMESTAMP = at(-2) }, { WORKER_ID = "w1", STARTED = 8, TIMESTAMP = at(-2) }] }
  }
  fixture "one idles" {
    expect = "fail"
    reason = "w1 took up 0 operations"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", STARTED = 9, TIMESTAMP = at(-2) }, { WORKER_ID = "w1", TIMESTAMP = at(-2) }] }
  }
}
