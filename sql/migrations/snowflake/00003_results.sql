-- What a run measured, merged over its workers. Units as in the tables of the workers; WORKLOAD '' is all together.

-- +goose Up
CREATE TABLE IF NOT EXISTS RUN_SECONDS (
    RUN_ID               VARCHAR(200)  NOT NULL,
    SECOND               BIGINT        NOT NULL,           -- number of the second, from t0
    WORKLOAD             VARCHAR(200)  NOT NULL,           -- name, '' is all together
    WORKLOAD_INDEX       BIGINT        NOT NULL,           -- place in the plan, from 0; -1 is all together
    PHASE                VARCHAR       NOT NULL,           -- as in RUN_STATUS
    TIMESTAMP            TIMESTAMP_LTZ NOT NULL,           -- time: end of the second on the server's clock
    PLANNED              BIGINT        NOT NULL,           -- counts of operations in the second
    DONE                 BIGINT        NOT NULL,
    FAILED_TIMEOUT       BIGINT        NOT NULL,
    FAILED_SERIALIZATION BIGINT        NOT NULL,
    FAILED_CONNECTION    BIGINT        NOT NULL,
    FAILED_CONSTRAINT    BIGINT        NOT NULL,
    FAILED_EXPECTATION   BIGINT        NOT NULL,
    FAILED_OTHER         BIGINT        NOT NULL,
    INDOUBT              BIGINT        NOT NULL,
    CENSORED             BIGINT        NOT NULL,
    SKIPPED              BIGINT        NOT NULL,
    RETRIES              BIGINT        NOT NULL,           -- count of attempts beyond the first
    ROW_COUNT            BIGINT        NOT NULL,           -- rows read or changed
    P50_US               BIGINT,                           -- response time of operations done; NULL where it was not merged over workloads
    P95_US               BIGINT,
    P99_US               BIGINT,
    MAX_US               BIGINT,
    SERVICE_P50_US       BIGINT,
    SERVICE_P99_US       BIGINT,
    RESPONSE_HISTOGRAM   BINARY,                           -- HDR V2, microseconds
    SERVICE_HISTOGRAM    BINARY,                           -- HDR V2, microseconds
    WORKERS_REPORTED     BIGINT,                           -- count; this and all below stand with WORKLOAD '' only
    WORKERS_EXPECTED     BIGINT,                           -- count
    CONNECTIONS          BIGINT,                           -- count at the end of the second
    IN_FLIGHT            BIGINT,                           -- count at the end of the second
    OLDEST_IN_FLIGHT_MS  FLOAT,                            -- maximum over workers
    LAG_P99_US           BIGINT,                           -- maximum over workers
    DRAINING             BOOLEAN,                          -- flag
    EXCLUDED             VARCHAR,                          -- JSON object: reports left out, by reason
    WHY                  VARCHAR,                          -- why there is nothing to show
    CHANGE_NO            BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, SECOND, WORKLOAD)
);

CREATE TABLE IF NOT EXISTS RUN_RESULTS (
    RUN_ID               VARCHAR(200) NOT NULL,
    WORKLOAD             VARCHAR(200) NOT NULL,           -- name, '' is all together
    WORKLOAD_INDEX       BIGINT       NOT NULL,           -- place in the result, from 0; all together is the last
    PLANNED              BIGINT       NOT NULL,           -- counts of operations meant to start in MEASUREMENT
    DONE                 BIGINT       NOT NULL,
    FAILED_TIMEOUT       BIGINT       NOT NULL,
    FAILED_SERIALIZATION BIGINT       NOT NULL,
    FAILED_CONNECTION    BIGINT       NOT NULL,
    FAILED_CONSTRAINT    BIGINT       NOT NULL,
    FAILED_EXPECTATION   BIGINT       NOT NULL,
    FAILED_OTHER         BIGINT       NOT NULL,
    INDOUBT              BIGINT       NOT NULL,
    CENSORED             BIGINT       NOT NULL,
    SKIPPED              BIGINT       NOT NULL,
    RETRIES              BIGINT       NOT NULL,           -- count of attempts beyond the first
    ROW_COUNT            BIGINT       NOT NULL,           -- rows read or changed
    THROUGHPUT_OPS       FLOAT        NOT NULL,           -- operations done per second of the window
    RESPONSE_N           BIGINT       NOT NULL,           -- count of operations behind the response times
    RESPONSE_MEAN_US     FLOAT        NOT NULL,
    RESPONSE_P50_US      BIGINT       NOT NULL,
    RESPONSE_P90_US      BIGINT       NOT NULL,
    RESPONSE_P95_US      BIGINT       NOT NULL,
    RESPONSE_P99_US      BIGINT       NOT NULL,
    RESPONSE_P999_US     BIGINT       NOT NULL,
    RESPONSE_MAX_US      BIGINT       NOT NULL,
    RESPONSE_AT_LEAST    VARCHAR,                         -- JSON array: percentiles that are lower bounds only
    SERVICE_N            BIGINT       NOT NULL,           -- count of operations behind the service times
    SERVICE_MEAN_US      FLOAT        NOT NULL,
    SERVICE_P50_US       BIGINT       NOT NULL,
    SERVICE_P90_US       BIGINT       NOT NULL,
    SERVICE_P95_US       BIGINT       NOT NULL,
    SERVICE_P99_US       BIGINT       NOT NULL,
    SERVICE_P999_US      BIGINT       NOT NULL,
    SERVICE_MAX_US       BIGINT       NOT NULL,
    SERVICE_AT_LEAST     VARCHAR,                         -- JSON array: percentiles that are lower bounds only
    ERRORS               VARCHAR,                         -- JSON array: class, count, example
    RESPONSE_HISTOGRAM   BINARY,                          -- HDR V2, microseconds
    SERVICE_HISTOGRAM    BINARY,                          -- HDR V2, microseconds
    CENSORED_HISTOGRAM   BINARY,                          -- HDR V2, microseconds: ages of censored operations
    PARTIAL              BOOLEAN,                         -- flag; this and all below stand with WORKLOAD '' only
    WINDOW_US            BIGINT,                          -- length of the window that was really measured
    SLOS                 VARCHAR,                         -- JSON array: verdicts on the SLOs
    VERDICT              VARCHAR,                         -- pass, fail, undetermined
    VALIDITY             VARCHAR,                         -- VALID, SUSPECT, INVALID
    NOTES                VARCHAR,                         -- JSON array of sentences
    CHANGE_NO            BIGINT       NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WORKLOAD)
);

-- +goose Down
DROP TABLE IF EXISTS RUN_RESULTS;
DROP TABLE IF EXISTS RUN_SECONDS;
