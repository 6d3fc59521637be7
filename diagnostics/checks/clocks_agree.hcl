check "BEN0305" "clocks_agree" {
  title      = "Workers and server agree on the time since the start"
  step       = "numbers"
  source     = "run"
  live       = true
  applies_if = run.since_t0_s > 1

  param "max_ms" {
    default     = 1000
    unit        = "ms"
    description = "How far a worker's time since t0 may be ahead of the server's when its heartbeat arrives."
  }
  param "max_behind_ms" {
    default     = 5000
    unit        = "ms"
    description = "How far it may be behind, which a heartbeat that was held up on its way is, too."
  }

  sql = <<-SQL
    SELECT W.WORKER_ID AS worker,
           W.SINCE_T0_US / 1000.0 - 1000.0 * ${seconds("R.START_TIME", "W.LAST_HEARTBEAT")} AS ahead_ms,
           W.CLOCK_ERROR_NS / 1000000.0 AS error_ms
    FROM WORKER_HEARTBEATS AS W
    JOIN RUN_STATUS AS R ON R.RUN_ID = W.RUN_ID
    WHERE W.RUN_ID = ${run}
      AND W.SINCE_T0_US <> 0
      AND W.LAST_HEARTBEAT IS NOT NULL
  SQL

  subject = row.worker
  fail_if = row.ahead_ms > param.max_ms + row.error_ms || row.ahead_ms < -param.max_behind_ms - row.error_ms
  warn_if = row.ahead_ms > param.max_ms / 4 + row.error_ms || row.ahead_ms < -param.max_ms - row.error_ms
  reason  = "${row.worker} is ${round(abs(row.ahead_ms), 0)} ms ${row.ahead_ms < 0 ? "behind" : "ahead of"} the server (error of its clock ${round(row.error_ms, 1)} ms)"
  clears  = "clock (${round(abs(row.ahead_ms), 0)} ms)"

  remedy  = "Look for what moved a clock: NTP that steps, a suspended virtual machine. Phases of ${row.worker} lie elsewhere than those of the others: run again."
  runbook = <<-TEXT
    A worker switches phases by its own monotonic clock, from a t0 that was told in the server's. The offset was measured
    before; if the difference grows afterwards, one of the clocks was moved or stood still. A heartbeat that travels for long
    looks like a worker that is behind.
  TEXT

  fixture "agree" {
    expect = "pass"
    reason = "w0 is 4 ms behind the server"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", SINCE_T0_US = 28996000, LAST_HEARTBEAT = at(-1) }] }
  }
  fixture "a heartbeat was held up" {
    expect = "warn"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", SINCE_T0_US = 27500000, LAST_HEARTBEAT = at(-1) }] }
  }
  fixture "a clock stood still" {
    expect = "fail"
    reason = "w0 is 9000 ms behind the server"
    tables = { WORKER_HEARTBEATS = [{ WORKER_ID = "w0", SINCE_T0_US = 20000000, LAST_HEARTBEAT = at(-1) }] }
  }
  fixture "a clock jumped" {
    expect = "fail"
    reason = "w1 is 7000 ms ahead of the server"
    tables = { WORKER_HEARTBEATS = [
      { WORKER_ID = "w0", SINCE_T0_US = 29000000, LAST_HEARTBEAT = at(-1) },
      { WORKER_ID = "w1", SINCE_T0_US = 36000000, LAST_HEARTBEAT = at(-1) },
    ] }
  }
}
