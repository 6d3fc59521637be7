check "BEN0112" "start_delivered" {
  title      = "The start is delivered to every worker"
  step       = "start"
  source     = "server"
  table      = "workers"
  depends_on = ["BEN0107", "BEN0111"]
  live       = true
  applies_if = run.phase == "PREPARING"

  subject = row.worker
  fail_if = row.start > 0 && !row.armed && row.told < row.start && !row.final
  reason  = row.start == 0 ? "there is no start to deliver to ${row.worker} yet" : "${row.worker} was handed events up to ${row.told}; the start is event ${row.start}"

  remedy  = "${row.worker} does not fetch events: look at what lies between it and the server, such as a proxy that holds long polls back."
  runbook = <<-TEXT
    A worker waits for events by a long poll. One that beats but does not fetch them is cut off half.
  TEXT

  fixture "delivered" {
    expect = "pass"
    rows   = [{ worker = "worker-0", start = 5, armed = true, told = 5, final = false }]
  }
  fixture "not delivered" {
    expect = "fail"
    reason = "handed events up to 4; the start is event 5"
    rows   = [{ worker = "worker-0", start = 5, armed = false, told = 4, final = false }]
  }
}
