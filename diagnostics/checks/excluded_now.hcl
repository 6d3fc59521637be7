check "BEN0211" "excluded_now" {
  title      = "Reports that are received enter the aggregate"
  step       = "aggregate"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0012"]
  live       = true
  applies_if = contains(["WARMUP", "MEASUREMENT"], run.phase)

  param "max_share" {
    default     = 0.2
    description = "Share of the reports of the last ten seconds that may be left out."
  }

  fail_if = row.excluded > 2 && row.excluded > param.max_share * row.recent
  reason  = row.excluded == 0 ? "${plural(row.recent, "report")} of the last 10 s, all in the aggregate" : "${row.excluded} of ${plural(row.recent, "report")} of the last 10 s are excluded: ${row.excluded_why}"
  path    = "excluded ${row.excluded}"
  clears  = "phase filter"

  remedy  = "By reason: \"phase PREPARING\" a worker did not start, \"phase PROCESSING\" one has ended; \"too late for its second\" reports come minutes late."
  runbook = <<-TEXT
    Only reports of WARMUP and MEASUREMENT of workers that are not DEAD enter what is shown. What is left out is counted with
    its reason; it counts for the result all the same if its operations belong to it.
  TEXT

  fixture "none" {
    expect = "pass"
    rows   = [{ excluded = 0, recent = 40, excluded_why = "" }]
  }
  fixture "all" {
    expect = "fail"
    reason = "40 of 40 reports of the last 10 s are excluded: phase PREPARING"
    rows   = [{ excluded = 40, recent = 40, excluded_why = "phase PREPARING" }]
  }
}
