check "BEN0221" "viewers_keep_up" {
  title      = "Viewers keep up with the stream"
  step       = "viewer"
  source     = "server"
  table      = "viewers"
  depends_on = ["BEN0012"]
  live       = true

  param "max_s" {
    default     = 5
    unit        = "s"
    description = "How old the oldest frame may be that a viewer has not read."
  }

  fail_if = row.behind_s > param.max_s
  warn_if = row.gaps > 0
  reason  = row.viewers == 0 ? "nobody watches" : "${plural(row.viewers, "viewer")}, the slowest ${span(row.behind_s)} behind, ${row.gaps} gaps told"
  path    = "viewers ${row.viewers}"

  remedy  = "The viewer or the line to it is slow, the run is not: a stopped terminal, a hidden tab, a proxy that buffers. It gets the newest second when it reads again."
  runbook = <<-TEXT
    Nothing that a viewer does holds the run up. One that reads too slowly is told by a gap which seconds it did not get.
  TEXT

  fixture "nobody" {
    expect = "pass"
    rows   = [{ viewers = 0, behind_s = 0, gaps = 0 }]
  }
  fixture "behind" {
    expect = "fail"
    reason = "2 viewers, the slowest 42s behind"
    rows   = [{ viewers = 2, behind_s = 42, gaps = 0 }]
  }
  fixture "gap" {
    expect = "warn"
    rows   = [{ viewers = 2, behind_s = 0, gaps = 1 }]
  }
}
