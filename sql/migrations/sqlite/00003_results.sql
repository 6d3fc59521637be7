-- What a run measured, merged over its workers. Units as in the tables of the workers; WORKLOAD '' is all together.

-- +goose Up
CREATE TABLE RUN_SECONDS (
    RUN_ID               TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    SECOND               INTEGER NOT NULL, -- number of the second, from t0
    WORKLOAD             TEXT    NOT NULL, -- name, '' is all together
    WORKLOAD_INDEX       INTEGER NOT NULL, -- place in the plan, from 0; -1 is all together
    PHASE                TEXT    NOT NULL, -- as in RUN_STATUS
    TIMESTAMP            TEXT    NOT NULL, -- time: end of the second on the server's clock
    PLANNED              INTEGER NOT NULL, -- counts of operations in the second
    DONE                 INTEGER NOT NULL,
    FAILED_TIMEOUT       INTEGER NOT NULL,
    FAILED_SERIALIZATION INTEGER NOT NULL,
    FAILED_CONNECTION    INTEGER NOT NULL,
    FAILED_CONSTRAINT    INTEGER NOT NULL,
    FAILED_EXPECTATION   INTEGER NOT NULL,
    FAILED_OTHER         INTEGER NOT NULL,
    INDOUBT              INTEGER NOT NULL,
    CENSORED             INTEGER NOT NULL,
    SKIPPED              INTEGER NOT NULL,
    RETRIES              INTEGER NOT NULL, -- count of attempts beyond the first
    ROW_COUNT            INTEGER NOT NULL, -- rows read or changed
    P50_US               INTEGER,          -- response time of operations done; NULL where it was not merged over workloads
    P95_US               INTEGER,
    P99_US               INTEGER,
    MAX_US               INTEGER,
    SERVICE_P50_US       INTEGER,
    SERVICE_P99_US       INTEGER,
    RESPONSE_HISTOGRAM   BLOB,             -- HDR V2, microseconds
    SERVICE_HISTOGRAM    BLOB,             -- HDR V2, microseconds
    WORKERS_REPORTED     INTEGER,          -- count; this and all below stand with WORKLOAD '' only
    WORKERS_EXPECTED     INTEGER,          -- count
    CONNECTIONS          INTEGER,          -- count at the end of the second
    IN_FLIGHT            INTEGER,          -- count at the end of the second
    OLDEST_IN_FLIGHT_MS  REAL,             -- maximum over workers
    LAG_P99_US           INTEGER,          -- maximum over workers
    DRAINING             INTEGER,          -- flag
    EXCLUDED             TEXT,             -- JSON object: reports left out, by reason
    WHY                  TEXT,             -- why there is nothing to show
    PRIMARY KEY (RUN_ID, SECOND, WORKLOAD)
) STRICT;

CREATE TABLE RUN_RESULTS (
    RUN_ID               TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKLOAD             TEXT    NOT NULL, -- name, '' is all together
    WORKLOAD_INDEX       INTEGER NOT NULL, -- place in the result, from 0; all together is the last
    PLANNED              INTEGER NOT NULL, -- counts of operations meant to start in MEASUREMENT
    DONE                 INTEGER NOT NULL,
    FAILED_TIMEOUT       INTEGER NOT NULL,
    FAILED_SERIALIZATION INTEGER NOT NULL,
    FAILED_CONNECTION    INTEGER NOT NULL,
    FAILED_CONSTRAINT    INTEGER NOT NULL,
    FAILED_EXPECTATION   INTEGER NOT NULL,
    FAILED_OTHER         INTEGER NOT NULL,
    INDOUBT              INTEGER NOT NULL,
    CENSORED             INTEGER NOT NULL,
    SKIPPED              INTEGER NOT NULL,
    RETRIES              INTEGER NOT NULL, -- count of attempts beyond the first
    ROW_COUNT            INTEGER NOT NULL, -- rows read or changed
    THROUGHPUT_OPS       REAL    NOT NULL, -- operations done per second of the window
    RESPONSE_N           INTEGER NOT NULL, -- count of operations behind the response times
    RESPONSE_MEAN_US     REAL    NOT NULL,
    RESPONSE_P50_US      INTEGER NOT NULL,
    RESPONSE_P90_US      INTEGER NOT NULL,
    RESPONSE_P95_US      INTEGER NOT NULL,
    RESPONSE_P99_US      INTEGER NOT NULL,
    RESPONSE_P999_US     INTEGER NOT NULL,
    RESPONSE_MAX_US      INTEGER NOT NULL,
    RESPONSE_AT_LEAST    TEXT,             -- JSON array: percentiles that are lower bounds only
    SERVICE_N            INTEGER NOT NULL, -- count of operations behind the service times
    SERVICE_MEAN_US      REAL    NOT NULL,
    SERVICE_P50_US       INTEGER NOT NULL,
    SERVICE_P90_US       INTEGER NOT NULL,
    SERVICE_P95_US       INTEGER NOT NULL,
    SERVICE_P99_US       INTEGER NOT NULL,
    SERVICE_P999_US      INTEGER NOT NULL,
    SERVICE_MAX_US       INTEGER NOT NULL,
    SERVICE_AT_LEAST     TEXT,             -- JSON array: percentiles that are lower bounds only
    ERRORS               TEXT,             -- JSON array: class, count, example
    RESPONSE_HISTOGRAM   BLOB,             -- HDR V2, microseconds
    SERVICE_HISTOGRAM    BLOB,             -- HDR V2, microseconds
    CENSORED_HISTOGRAM   BLOB,             -- HDR V2, microseconds: ages of censored operations
    PARTIAL              INTEGER,          -- flag; this and all below stand with WORKLOAD '' only
    WINDOW_US            INTEGER,          -- length of the window that was really measured
    SLOS                 TEXT,             -- JSON array: verdicts on the SLOs
    VERDICT              TEXT,             -- pass, fail, undetermined
    VALIDITY             TEXT,             -- VALID, SUSPECT, INVALID
    NOTES                TEXT,             -- JSON array of sentences
    PRIMARY KEY (RUN_ID, WORKLOAD)
) STRICT;

-- +goose Down
DROP TABLE RUN_RESULTS;
DROP TABLE RUN_SECONDS;
