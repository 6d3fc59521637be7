check "BEN0107" "worker_silent" {
  title      = "Every worker was heard just now"
  step       = "workers"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0012", "BEN0106", "BEN0101"]
  live       = true

  param "max_s" {
    default     = 4
    unit        = "s"
    description = "How long a worker may be silent; it beats every second."
  }

  subject = row.worker
  fail_if = row.heard_s > param.max_s && !row.final && row.status != "DEAD"
  reason  = "${row.worker} (pid ${row.pid} on ${row.host}) was heard ${span(row.heard_s)} ago, at ${row.stage}"

  remedy  = "Look at process ${row.pid} on ${row.host}: is it stopped (state T), swapped out, cut off from the server? kill -CONT ${row.pid} lets a stopped one go on."
  runbook = <<-TEXT
    A worker beats once a second whatever the database does. One that is silent and whose process is there is stopped, starved of processor time, or
    cut off. It is STALE after 5 s and DEAD after 30 s, which ends the run.
  TEXT

  fixture "heard" {
    expect = "pass"
    rows   = [{ worker = "worker-0", heard_s = 0.4, final = false, status = "RUNNING", stage = "load", host = "h", pid = 1 }]
  }
  fixture "stopped" {
    expect = "fail"
    reason = "worker-1 (pid 2 on h) was heard 12s ago"
    rows = [
      { worker = "worker-0", heard_s = 0.4, final = false, status = "RUNNING", stage = "load", host = "h", pid = 1 },
      { worker = "worker-1", heard_s = 12, final = false, status = "STALE", stage = "load", host = "h", pid = 2 },
    ]
  }
}
