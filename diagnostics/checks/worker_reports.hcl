check "BEN0203" "worker_reports" {
  title      = "Every worker that is heard reports"
  step       = "report"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0107", "BEN0121", "BEN0201"]
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase) && run.since_t0_s > param.max_s

  param "max_s" {
    default     = 4
    unit        = "s"
    description = "How old the newest report of a worker may be."
  }

  subject = row.worker
  fail_if = !row.final && (row.reports == 0 || row.report_s > param.max_s)
  reason  = row.reports == 0 ? "${row.worker} is heard and has sent no report since the start" : "${row.worker} sent report ${row.reports} ${span(row.report_s)} ago"

  remedy  = "${row.worker} beats but its reports do not arrive: look at its log (-v), and at proxies that refuse larger bodies."
  runbook = <<-TEXT
    A worker cuts a report each second even when nothing happened in it. Without reports it hangs in its load, or they are
    lost on the way; those that arrive and are refused are told by BEN0201.
  TEXT

  fixture "reports" {
    expect = "pass"
    rows   = [{ worker = "worker-0", reports = 9, report_s = 0.7, final = false }]
  }
  fixture "stopped reporting" {
    expect = "fail"
    reason = "worker-0 sent report 9 12s ago"
    rows   = [{ worker = "worker-0", reports = 9, report_s = 12, final = false }]
  }
  fixture "never reported" {
    expect = "fail"
    reason = "has sent no report"
    rows   = [{ worker = "worker-0", reports = 0, report_s = -1, final = false }]
  }
}
