check "BEN0007" "ended_early" {
  title      = "The run came to the end of its plan"
  step       = "status"
  source     = "run"
  depends_on = ["BEN0105", "BEN0106"]
  applies_if = run.ended

  sql = <<-SQL
    SELECT STATUS AS status, PHASE AS phase, COALESCE(STOP_REASON, 'no reason') AS stop_reason, COALESCE(STOP_DETAIL, '') AS detail
    FROM RUN_STATUS
    WHERE RUN_ID = ${run}
  SQL

  fail_if = row.status == "FAILED"
  warn_if = row.status == "CANCELLED"
  reason  = row.status == "COMPLETED" ? "the run is COMPLETED" : "the run is ${row.status} in ${row.phase}, ${row.stop_reason}: ${row.detail}"
  path    = "status ${row.status}"

  remedy  = "What was measured until then is kept and marked partial: bench report. Fix what the reason names and run again."
  runbook = <<-TEXT
    Every ending has a machine code and a sentence. setup_failed and target_unreachable are of the database, workers_not_ready,
    worker_failed and worker_lost of the workers, guard_* of the spec's guard, ledger_imbalance and internal_error are bugs.
  TEXT

  fixture "completed" {
    expect = "pass"
    tables = { RUN_STATUS = [{ STATUS = "COMPLETED", PHASE = "COMPLETED", STOP_REASON = "completed" }] }
  }
  fixture "failed" {
    expect = "fail"
    reason = "the run is FAILED in WARMUP, guard_error_rate: 100% failed"
    tables = { RUN_STATUS = [{ STATUS = "FAILED", PHASE = "WARMUP", STOP_REASON = "guard_error_rate", STOP_DETAIL = "100% failed" }] }
  }
  fixture "stopped by somebody" {
    expect = "warn"
    tables = { RUN_STATUS = [{ STATUS = "CANCELLED", PHASE = "WARMUP", STOP_REASON = "stop_requested", STOP_DETAIL = "by me" }] }
  }
}
