check "BEN0109" "workers_ready" {
  title      = "All workers are ready in time"
  step       = "workers"
  source     = "server"
  table      = "run"
  depends_on = ["BEN0012", "BEN0101", "BEN0102", "BEN0103", "BEN0104", "BEN0105", "BEN0106"]
  live       = true

  param "max_s" {
    default     = 60
    unit        = "s"
    description = "How long PREPARING may take."
  }

  fail_if = row.phase == "PREPARING" && row.ready < row.expected && row.phase_s > param.max_s
  reason  = "${row.ready} of ${plural(row.expected, "worker")} ready${row.waiting == "" ? "" : ", the run waits for ${row.waiting}"}"
  path    = "workers ${row.ready}/${row.expected}"

  remedy  = "The run waits for what the sentence names: setup SQL of the spec, or workers at a stage."
  runbook = <<-TEXT
    Load starts when every worker is READY, so that the first second has all of it. Setup SQL runs before the workers start.
  TEXT

  fixture "ready" {
    expect = "pass"
    rows   = [{ phase = "WARMUP", ready = 4, expected = 4, phase_s = 5, waiting = "" }]
  }
  fixture "setup takes long" {
    expect = "fail"
    reason = "0 of 4 workers ready, the run waits for setup SQL"
    rows   = [{ phase = "PREPARING", ready = 0, expected = 4, phase_s = 300, waiting = "setup SQL" }]
  }
}
