check "BEN0405" "same_version" {
  title  = "The database has the version of the run before"
  step   = "result"
  source = "run"
  empty  = "skip"

  sql = <<-SQL
    SELECT F.VALUE AS version, B.VALUE AS before_version, P.RUN_ID AS before_run
    FROM RUN_ENVIRONMENT AS F
    JOIN RUN_STATUS AS R ON R.RUN_ID = F.RUN_ID
    JOIN RUN_STATUS AS P ON P.RUN_ID = (SELECT MAX(Q.RUN_ID) FROM RUN_STATUS AS Q
                                        WHERE Q.RUN_ID < R.RUN_ID AND Q.RUN_NAME = R.RUN_NAME AND Q.STATUS = 'COMPLETED')
    JOIN RUN_ENVIRONMENT AS B ON B.RUN_ID = P.RUN_ID AND B.SOURCE = F.SOURCE AND B.NAME = F.NAME
    WHERE F.RUN_ID = ${run}
      AND F.SOURCE = 'target'
      AND F.NAME IN ('version', 'server_version')
  SQL

  warn_if = row.version != row.before_version
  fail_if = false
  reason  = row.version == row.before_version ? "version ${row.version}, as in run ${row.before_run}" : "version ${row.version}, in run ${row.before_run} it was ${row.before_version}"

  remedy  = "Do not compare the two runs without saying so; run the baseline again on the new version."
  runbook = <<-TEXT
    Cloud databases change under a benchmark. The run before is the newest COMPLETED one of the same name.
  TEXT

  fixture "same" {
    expect = "pass"
    tables = {
      RUN_STATUS      = [{}, { RUN_ID = "AAA", STATUS = "COMPLETED" }]
      RUN_ENVIRONMENT = [{ SOURCE = "target", NAME = "version", VALUE = "9.1" }, { RUN_ID = "AAA", SOURCE = "target", NAME = "version", VALUE = "9.1" }]
    }
  }
  fixture "changed" {
    expect = "warn"
    reason = "version 9.2, in run AAA it was 9.1"
    tables = {
      RUN_STATUS      = [{}, { RUN_ID = "AAA", STATUS = "COMPLETED" }]
      RUN_ENVIRONMENT = [{ SOURCE = "target", NAME = "version", VALUE = "9.2" }, { RUN_ID = "AAA", SOURCE = "target", NAME = "version", VALUE = "9.1" }]
    }
  }
}
