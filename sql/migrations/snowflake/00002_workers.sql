-- Workers and what they report.
--
-- Columns that end in _US are microseconds, in _NS nanoseconds, in _MS milliseconds. Instants among them count from t0 of
-- the run on the server's time line. Counts of operations add up: PLANNED = DONE + FAILED_* + INDOUBT + CENSORED + SKIPPED
-- + in flight.
--
-- "CONNECTION" is in quotes for parsers that reserve the word, which Snowflake does not.

-- +goose Up
CREATE HYBRID TABLE IF NOT EXISTS WORKER_HEARTBEATS (
    RUN_ID          VARCHAR(200)  NOT NULL,
    WORKER_ID       VARCHAR(200)  NOT NULL,           -- worker-0, worker-1, ...
    SLOT            BIGINT        NOT NULL,           -- place in the fleet, from 0
    GENERATION      BIGINT        NOT NULL,           -- counts the processes in the slot
    HOST            VARCHAR       NOT NULL,
    PID             BIGINT        NOT NULL,           -- process number on HOST
    STATUS          VARCHAR       NOT NULL,           -- STARTING, INITIALIZING, READY, RUNNING, DRAINING, COMPLETED, STALE, DEAD
    PHASE           VARCHAR       NOT NULL,           -- as in RUN_STATUS
    STAGE           VARCHAR       NOT NULL,           -- what the worker is at, in words
    PLAN_HASH       VARCHAR       NOT NULL,           -- of the plan that it is ready for
    LAST_HEARTBEAT  TIMESTAMP_LTZ,                    -- time; NULL until the first
    LAST_EVENT_SEQ  BIGINT        NOT NULL,           -- SEQUENCE_ID of the newest control event obeyed
    LAST_REPORT_SEQ BIGINT        NOT NULL,           -- SEQ of the newest report received
    FINAL           BOOLEAN       NOT NULL,           -- flag: the last report was received
    ARMED_ATTEMPT   BIGINT        NOT NULL,           -- attempt that it is armed for, 0 is none
    SINCE_T0_US     BIGINT        NOT NULL,           -- its own idea of the time since t0
    READY_AT        TIMESTAMP_LTZ,                    -- time
    CONNECTIONS     BIGINT        NOT NULL,           -- count of open sessions
    EXHAUSTED       BOOLEAN       NOT NULL,           -- flag: its share of the iterations is done
    ERROR_COUNT     BIGINT        NOT NULL,           -- count
    LAST_ERROR      VARCHAR       NOT NULL,
    FATAL_REASON    VARCHAR       NOT NULL,           -- machine code of why it gave up
    CLOCK_OFFSET_NS BIGINT        NOT NULL,           -- server's monotonic clock minus the worker's
    CLOCK_ERROR_NS  BIGINT        NOT NULL,           -- bound of the offset's error
    CPU_PERCENT     FLOAT         NOT NULL,           -- of one core
    MEMORY_BYTES    BIGINT        NOT NULL,
    FACTS           VARCHAR,                          -- JSON array: what it found about target and host
    CHANGE_NO       BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WORKER_ID)
);

CREATE TABLE IF NOT EXISTS WORKER_METRICS_SNAPSHOTS (
    RUN_ID              VARCHAR(200)  NOT NULL,
    WORKER_ID           VARCHAR(200)  NOT NULL,
    GENERATION          BIGINT        NOT NULL,
    SEQ                 BIGINT        NOT NULL,           -- number of the report, from 1, without gaps
    TIMESTAMP           TIMESTAMP_LTZ NOT NULL,           -- time: end of the interval on the server's clock
    RECEIVED_AT         TIMESTAMP_LTZ NOT NULL,           -- time
    PHASE               VARCHAR       NOT NULL,           -- of the interval, as in RUN_STATUS
    FROM_US             BIGINT        NOT NULL,           -- start of the interval
    TO_US               BIGINT        NOT NULL,           -- end of the interval
    QPS                 FLOAT         NOT NULL,           -- operations done per second of the interval; 0 for an empty interval
    TOTAL_OPERATIONS    BIGINT        NOT NULL,           -- count: operations that ended in the interval, however they ended
    TOTAL_ERRORS        BIGINT        NOT NULL,           -- count: those of them that did not end done
    STARTED             BIGINT        NOT NULL,           -- count: operations planned in the interval
    CONNECTIONS         BIGINT        NOT NULL,           -- count at the end of the interval
    IN_FLIGHT           BIGINT        NOT NULL,           -- count at the end of the interval
    OLDEST_IN_FLIGHT_MS FLOAT         NOT NULL,           -- age of the oldest operation in flight
    P50_US              BIGINT        NOT NULL,           -- response time of operations done in the interval, over workloads
    P95_US              BIGINT        NOT NULL,
    P99_US              BIGINT        NOT NULL,
    MAX_US              BIGINT        NOT NULL,
    LAG_P50_US          BIGINT        NOT NULL,           -- generator lag: taken up minus due
    LAG_P99_US          BIGINT        NOT NULL,
    LAG_MAX_US          BIGINT        NOT NULL,
    UNLISTED_ERRORS     BIGINT        NOT NULL,           -- count: errors without a row in QUERY_EXECUTIONS
    MONO_NS             BIGINT        NOT NULL,           -- the host's CLOCK_MONOTONIC when the counters were cut
    FINAL               BOOLEAN       NOT NULL,           -- flag: the worker's last report
    FINAL_TOTALS        VARCHAR,                          -- JSON array: cumulative counts of a last report
    EXCLUDED_REASON     VARCHAR,                          -- why the report is not in the aggregate; NULL when it is
    CHANGE_NO           BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WORKER_ID, GENERATION, SEQ)
);

CREATE TABLE IF NOT EXISTS WORKLOAD_SNAPSHOTS (
    RUN_ID               VARCHAR(200) NOT NULL,
    WORKER_ID            VARCHAR(200) NOT NULL,
    GENERATION           BIGINT       NOT NULL,
    SEQ                  BIGINT       NOT NULL,           -- as in WORKER_METRICS_SNAPSHOTS
    WORKLOAD             VARCHAR(200) NOT NULL,           -- name
    OP_PHASE             VARCHAR(200) NOT NULL,           -- phase in which the operations were meant to start
    WORKLOAD_INDEX       BIGINT       NOT NULL,           -- place in the plan, from 0
    PLANNED              BIGINT       NOT NULL,           -- counts of operations in the interval
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
    RESPONSE_HISTOGRAM   BINARY,                          -- HDR V2, microseconds: response time of operations done
    SERVICE_HISTOGRAM    BINARY,                          -- HDR V2, microseconds: service time of operations done
    CENSORED_HISTOGRAM   BINARY,                          -- HDR V2, microseconds: ages of censored operations
    CHANGE_NO            BIGINT       NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WORKER_ID, GENERATION, SEQ, WORKLOAD, OP_PHASE)
);

CREATE TABLE IF NOT EXISTS QUERY_EXECUTIONS (
    RUN_ID                VARCHAR(200)  NOT NULL,
    WORKER_ID             VARCHAR(200)  NOT NULL,
    GENERATION            BIGINT        NOT NULL,
    "CONNECTION"          BIGINT        NOT NULL,           -- global number of the connection, from 0
    OPERATION             BIGINT        NOT NULL,           -- number of the operation on its connection, from 0
    REPORT_SEQ            BIGINT        NOT NULL,           -- SEQ of the report that told it
    WORKLOAD              VARCHAR       NOT NULL,           -- name
    WORKLOAD_INDEX        BIGINT        NOT NULL,           -- place in the plan, from 0
    OP_PHASE              VARCHAR       NOT NULL,           -- phase in which it was meant to start
    WHY                   VARCHAR       NOT NULL,           -- error, slow, sample
    QUERY_ID              VARCHAR,                          -- of the target
    INTENDED_US           BIGINT        NOT NULL,           -- when it was meant to start
    TAKEN_UP_US           BIGINT        NOT NULL,           -- when its connection turned to it
    SENT_US               BIGINT        NOT NULL,           -- when its first statement was sent
    FIRST_ROW_US          BIGINT        NOT NULL,           -- when the first answer arrived
    DONE_US               BIGINT        NOT NULL,           -- when the last answer was read
    OUTCOME               VARCHAR       NOT NULL,           -- done, failed, indoubt, censored, skipped
    ERROR_CLASS           VARCHAR,                          -- of a failed one: timeout, serialization, connection, constraint, expectation, other
    ERROR_CODE            VARCHAR,                          -- of the target
    ERROR_MESSAGE         VARCHAR,                          -- of the target, without values of parameters
    ATTEMPTS              BIGINT        NOT NULL,           -- count, 1 without retries
    ROW_COUNT             BIGINT        NOT NULL,           -- rows read or changed by the attempt that counted
    SERVER_TOTAL_US       BIGINT,                           -- timings of the target, known after enrichment
    SERVER_COMPILATION_US BIGINT,
    SERVER_QUEUED_US      BIGINT,
    SERVER_EXECUTION_US   BIGINT,
    SERVER_BYTES_SCANNED  BIGINT,                           -- bytes
    ENRICHED_AT           TIMESTAMP_LTZ,                    -- time
    CHANGE_NO             BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WORKER_ID, GENERATION, "CONNECTION", OPERATION)
);

-- +goose Down
DROP TABLE IF EXISTS QUERY_EXECUTIONS;
DROP TABLE IF EXISTS WORKLOAD_SNAPSHOTS;
DROP TABLE IF EXISTS WORKER_METRICS_SNAPSHOTS;
DROP TABLE IF EXISTS WORKER_HEARTBEATS;
