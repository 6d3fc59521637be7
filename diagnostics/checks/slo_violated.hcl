check "BEN0402" "slo_violated" {
  title      = "Every SLO holds"
  step       = "result"
  source     = "run"
  applies_if = run.ended && run.slos > 0 && run.since_t0_s > 0

  sql = <<-SQL
    SELECT ${json("J.value", "name")} AS slo,
           ${json("J.value", "metric")} AS metric,
           ${json("J.value", "workload")} AS workload,
           ${json("J.value", "verdict")} AS verdict,
           COALESCE(${json("J.value", "why")}, '') AS why,
           CASE WHEN ${json("J.value", "metric")} LIKE '%.%' AND ${json("J.value", "metric")} NOT IN ('throughput.ok', 'errors.rate') THEN 1 ELSE 0 END AS in_us,
           COALESCE(${json("J.value", "value")}, '-1') AS measured,
           COALESCE(${json("J.value", "max")}, ${json("J.value", "min")}, '-1') AS bound,
           (SELECT COUNT(*) FROM RUN_SECONDS AS S
            WHERE S.RUN_ID = ${run} AND S.PHASE = 'MEASUREMENT' AND S.WORKLOAD = ${json("J.value", "workload")}
              AND CASE ${json("J.value", "metric")} WHEN 'response.p50' THEN S.P50_US WHEN 'response.p95' THEN S.P95_US
                    WHEN 'response.p99' THEN S.P99_US WHEN 'response.max' THEN S.MAX_US END
                  > CAST(${json("J.value", "max")} AS DOUBLE PRECISION)) AS seconds,
           COALESCE((SELECT MIN(S.SECOND) FROM RUN_SECONDS AS S
            WHERE S.RUN_ID = ${run} AND S.PHASE = 'MEASUREMENT' AND S.WORKLOAD = ${json("J.value", "workload")}
              AND CASE ${json("J.value", "metric")} WHEN 'response.p50' THEN S.P50_US WHEN 'response.p95' THEN S.P95_US
                    WHEN 'response.p99' THEN S.P99_US WHEN 'response.max' THEN S.MAX_US END
                  > CAST(${json("J.value", "max")} AS DOUBLE PRECISION)), -1) AS first_second
    FROM RUN_RESULTS AS R, ${each("R.SLOS", "J")}
    WHERE R.RUN_ID = ${run}
      AND R.WORKLOAD = ''
  SQL

  subject    = row.slo
  too_few_if = row.verdict == "undetermined"
  fail_if    = row.verdict == "fail"
  reason     = "${row.slo}: ${row.metric}${row.workload == "" ? "" : " of ${row.workload}"} is ${row.measured < 0 ? "not known" : row.in_us == 1 ? "${round(row.measured / 1000, 2)} ms" : row.measured}, the bound ${row.in_us == 1 ? "${round(row.bound / 1000, 2)} ms" : row.bound}${row.why == "" ? "" : ": ${row.why}"}${row.seconds > 0 ? "; above it in ${plural(row.seconds, "second")}, first in second ${row.first_second}" : ""}"

  remedy  = "Look at those seconds: bench report -o json, RUN_SECONDS, and what the database did then. If other checks failed, their cause comes first."
  runbook = <<-TEXT
    The verdict is over the whole measurement, from merged histograms. The seconds whose own percentile is above the bound
    say when it went wrong; a bound that is missed by few long operations may have none.
  TEXT

  fixture "holds" {
    expect = "pass"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", SLOS = "[{\"name\":\"p95\",\"metric\":\"response.p95\",\"workload\":\"\",\"verdict\":\"pass\",\"value\":900,\"max\":1000}]" }] }
  }
  fixture "violated" {
    expect = "fail"
    reason = "p95: response.p95 is 2 ms, the bound 1 ms; above it in 2 seconds, first in second 11"
    tables = {
      RUN_RESULTS = [{ WORKLOAD = "", SLOS = "[{\"name\":\"p95\",\"metric\":\"response.p95\",\"workload\":\"\",\"verdict\":\"fail\",\"value\":2000,\"max\":1000}]" }]
      RUN_SECONDS = [
        { SECOND = 10, PHASE = "MEASUREMENT", P95_US = 500 },
        { SECOND = 11, PHASE = "MEASUREMENT", P95_US = 3000 },
        { SECOND = 12, PHASE = "MEASUREMENT", P95_US = 2500 },
      ]
    }
  }
  fixture "undecided" {
    expect = "undetermined"
    reason = "p95: response.p95 is not known, the bound 1 ms: no operation was measured"
    tables = { RUN_RESULTS = [{ WORKLOAD = "", SLOS = "[{\"name\":\"p95\",\"metric\":\"response.p95\",\"workload\":\"\",\"max\":1000,\"verdict\":\"undetermined\",\"why\":\"no operation was measured\"}]" }] }
  }
}
