check "BEN0201" "reports_refused" {
  title      = "Reports of workers are taken in"
  step       = "report"
  source     = "server"
  table      = "plane"
  depends_on = ["BEN0012"]
  live       = true

  param "recent_s" {
    default     = 15
    unit        = "s"
    description = "How long a refused report counts."
  }

  fail_if = row.refused > 0 && row.refused_s >= 0 && row.refused_s < param.recent_s
  warn_if = row.refused > 0
  reason  = row.refused == 0 ? "${plural(row.received, "report")} received, none refused" : "${row.refused} reports refused, ${row.received} received, the last refused ${span(row.refused_s)} ago: ${row.refused_why}"
  path    = "reports ${row.received}/${row.received + row.refused}"

  remedy  = "By reason: 401 the worker's token is of another server; 413 a report is larger than the server takes; generation_stale another process has the worker's slot, or it was declared dead."
  runbook = <<-TEXT
    Operations are done and measured, and what was measured does not get into the run. A worker keeps what is not stored and
    sends it again, so nothing is lost as long as the reason goes away.
  TEXT

  fixture "taken in" {
    expect = "pass"
    rows   = [{ received = 184, refused = 0, refused_s = -1, refused_why = "" }]
  }
  fixture "refused" {
    expect = "fail"
    reason = "12 reports refused, 0 received, the last refused 1s ago: 401 unauthorized 12"
    rows   = [{ received = 0, refused = 12, refused_s = 1, refused_why = "401 unauthorized 12" }]
  }
  fixture "was refused once" {
    expect = "warn"
    rows   = [{ received = 99, refused = 1, refused_s = 300, refused_why = "generation_stale 1" }]
  }
}
