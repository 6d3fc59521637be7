check "BEN0003" "run_driven" {
  title      = "The server that answers drives the run"
  step       = "owner"
  source     = "server"
  table      = "reach"
  depends_on = ["BEN0001", "BEN0002"]

  fail_if = row.state == "not_driven"
  reason  = row.state == "not_driven" ? "the server ${row.server} does not drive this run, whose owner is ${row.owner}: ${row.error}" : "the server ${row.server} drives the run"

  remedy  = "Ask the server that owns the run's journal, or start one on that journal: bench serve --journal FILE."
  runbook = <<-TEXT
    A run has one owner at a time, written into RUN_STATUS.OWNER with an epoch. A server on another journal knows nothing of
    it, and one that has ended it drives it no more.
  TEXT

  fixture "driven" {
    expect = "pass"
    rows   = [{ state = "ok", server = "http://127.0.0.1:1", error = "", owner = "h pid 1" }]
  }
  fixture "not driven" {
    expect = "fail"
    reason = "whose owner is h pid 1"
    rows   = [{ state = "not_driven", server = "http://127.0.0.1:1", error = "no run", owner = "h pid 1" }]
  }
}
