check "BEN0002" "token_taken" {
  title      = "The server takes the token"
  step       = "server"
  source     = "server"
  table      = "reach"
  depends_on = ["BEN0001"]

  fail_if = row.state == "unauthorized"
  reason  = row.state == "unauthorized" ? "the server ${row.server} refuses the token: ${row.error}" : "the server ${row.server} takes the token"

  remedy  = "Set BENCH_TOKEN to the token of that server; it stands beside its journal, in the file that ends in .server.json."
  runbook = <<-TEXT
    Every request carries a bearer token. A server that was started again without BENCH_TOKEN has a new one, and a worker's
    token is good for its own run only.
  TEXT

  fixture "taken" {
    expect = "pass"
    rows   = [{ state = "ok", server = "http://127.0.0.1:1", error = "" }]
  }
  fixture "refused" {
    expect = "fail"
    reason = "refuses the token: 401"
    rows   = [{ state = "unauthorized", server = "http://127.0.0.1:1", error = "401" }]
  }
}
