check "BEN0506" "time_zone" {
  title      = "Times in the tables are not off by a time zone"
  step       = "store"
  source     = "run"
  applies_if = run.since_t0_s != -1

  param "tolerance_s" {
    default     = 90
    unit        = "s"
    description = "How near to a multiple of 15 minutes a difference must be to be a time zone."
  }

  sql = <<-SQL
    SELECT 'start after creation' AS pair, ${seconds("CREATED_AT", "START_TIME")} AS apart_s
    FROM RUN_STATUS
    WHERE RUN_ID = ${run} AND START_TIME IS NOT NULL
    UNION ALL
    SELECT 'creation before now', ${seconds("CREATED_AT", now)}
    FROM RUN_STATUS
    WHERE RUN_ID = ${run} AND ${seconds("CREATED_AT", now)} < 0
    UNION ALL
    SELECT 'reports received after their interval', MAX(${seconds("TIMESTAMP", "RECEIVED_AT")})
    FROM (SELECT TIMESTAMP, RECEIVED_AT FROM WORKER_METRICS_SNAPSHOTS WHERE RUN_ID = ${run} ORDER BY TIMESTAMP LIMIT 20) AS S
    HAVING COUNT(*) > 0
  SQL

  subject = row.pair
  fail_if = abs(row.apart_s) > 1700 && abs(row.apart_s - 900 * floor(row.apart_s / 900 + 0.5)) < param.tolerance_s
  reason  = "${row.pair}: ${round(row.apart_s, 1)} s"

  remedy  = "A column lost its time zone: TIMESTAMP_NTZ in place of TIMESTAMP_LTZ, a session in another zone, or a program that wrote local time."
  runbook = <<-TEXT
    The classic: elapsed = 28800 s at the start, eight hours between UTC and the Pacific. Every time here is UTC, or has its
    zone. A worksheet computes right elapsed times only with columns that know their zone.
  TEXT

  fixture "right" {
    expect = "pass"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", SEQ = 1, TIMESTAMP = at(-10), RECEIVED_AT = at(-9.9) }] }
  }
  fixture "eight hours" {
    expect = "fail"
    reason = "start after creation: 28810 s"
    tables = { RUN_STATUS = [{ CREATED_AT = at(-28840) }] }
  }
  fixture "reports from tomorrow" {
    expect = "fail"
    reason = "reports received after their interval: 28800.1 s"
    tables = { WORKER_METRICS_SNAPSHOTS = [{ WORKER_ID = "w0", SEQ = 1, TIMESTAMP = at(-28800.1), RECEIVED_AT = at(0) }] }
  }
}
