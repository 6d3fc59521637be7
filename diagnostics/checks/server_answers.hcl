check "BEN0001" "server_answers" {
  title     = "The server of the run answers"
  step      = "server"
  source    = "server"
  table     = "reach"
  preflight = false

  fail_if = row.state == "none" || row.state == "unreachable"
  reason  = row.state == "ok" ? "${row.server} answers in ${round(row.trip_ms, 1)} ms" : row.state == "none" ? "no server drives this run: ${row.server}; its owner (${row.owner}) was last heard ${span(row.last_s)} ago" : "the server ${row.server} does not answer: ${row.error}"
  path    = "server ${row.state}"

  remedy  = row.state == "unreachable" ? "Look at the process of its owner (${row.owner}): is it stopped (state T), swapped out, cut off? kill -CONT lets a stopped one go on. If it is dead: bench serve --journal FILE takes the run over, or ends it." : "bench serve --journal FILE of the same journal: it takes the run over if its workers live, and ends it otherwise."
  runbook = <<-TEXT
    A run needs the server that started it until its last report is stored. When the server's process dies, workers of
    fleet "process" go on for 60 s and wait for the next server on the same journal; those inside the server are gone with it.
    What was stored can be read all the same: every other check works on the journal.
  TEXT

  fixture "answers" {
    expect = "pass"
    rows   = [{ state = "ok", server = "http://127.0.0.1:1", error = "", trip_ms = 0.8, last_s = 1, owner = "h pid 1" }]
  }
  fixture "nobody there" {
    expect = "fail"
    reason = "no server drives this run"
    rows   = [{ state = "none", server = "server.json is gone", error = "", trip_ms = 0, last_s = 12, owner = "h pid 1" }]
  }
  fixture "silent" {
    expect = "fail"
    reason = "does not answer: no answer in time"
    rows   = [{ state = "unreachable", server = "http://127.0.0.1:1", error = "no answer in time", trip_ms = 900, last_s = 12, owner = "h pid 1" }]
  }
}
