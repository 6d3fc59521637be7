-- Workers and what they report.
--
-- Columns that end in _US are microseconds, in _NS nanoseconds, in _MS milliseconds. Instants among them count from t0 of
-- the run on the server's time line. Counts of operations add up: PLANNED = DONE + FAILED_* + INDOUBT + CENSORED + SKIPPED
-- + in flight.

-- +goose Up
CREATE TABLE WORKER_HEARTBEATS (
    RUN_ID          TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKER_ID       TEXT    NOT NULL, -- worker-0, worker-1, ...
    SLOT            INTEGER NOT NULL, -- place in the fleet, from 0
    GENERATION      INTEGER NOT NULL, -- counts the processes in the slot
    HOST            TEXT    NOT NULL,
    PID             INTEGER NOT NULL, -- process number on HOST
    STATUS          TEXT    NOT NULL, -- STARTING, INITIALIZING, READY, RUNNING, DRAINING, COMPLETED, STALE, DEAD
    PHASE           TEXT    NOT NULL, -- as in RUN_STATUS
    STAGE           TEXT    NOT NULL, -- what the worker is at, in words
    PLAN_HASH       TEXT    NOT NULL, -- of the plan that it is ready for
    LAST_HEARTBEAT  TEXT,             -- time; NULL until the first
    LAST_EVENT_SEQ  INTEGER NOT NULL, -- SEQUENCE_ID of the newest control event obeyed
    LAST_REPORT_SEQ INTEGER NOT NULL, -- SEQ of the newest report received
    FINAL           INTEGER NOT NULL, -- flag: the last report was received
    ARMED_ATTEMPT   INTEGER NOT NULL, -- attempt that it is armed for, 0 is none
    SINCE_T0_US     INTEGER NOT NULL, -- its own idea of the time since t0
    READY_AT        TEXT,             -- time
    CONNECTIONS     INTEGER NOT NULL, -- count of open sessions
    EXHAUSTED       INTEGER NOT NULL, -- flag: its share of the iterations is done
    ERROR_COUNT     INTEGER NOT NULL, -- count
    LAST_ERROR      TEXT    NOT NULL,
    FATAL_REASON    TEXT    NOT NULL, -- machine code of why it gave up
    CLOCK_OFFSET_NS INTEGER NOT NULL, -- server's monotonic clock minus the worker's
    CLOCK_ERROR_NS  INTEGER NOT NULL, -- bound of the offset's error
    CPU_PERCENT     REAL    NOT NULL, -- of one core
    MEMORY_BYTES    INTEGER NOT NULL,
    FACTS           TEXT,             -- JSON array: what it found about target and host
    PRIMARY KEY (RUN_ID, WORKER_ID)
) STRICT;

CREATE TABLE WORKER_METRICS_SNAPSHOTS (
    RUN_ID              TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKER_ID           TEXT    NOT NULL,
    GENERATION          INTEGER NOT NULL,
    SEQ                 INTEGER NOT NULL, -- number of the report, from 1, without gaps
    TIMESTAMP           TEXT    NOT NULL, -- time: end of the interval on the server's clock
    RECEIVED_AT         TEXT    NOT NULL, -- time
    PHASE               TEXT    NOT NULL, -- of the interval, as in RUN_STATUS
    FROM_US             INTEGER NOT NULL, -- start of the interval
    TO_US               INTEGER NOT NULL, -- end of the interval
    QPS                 REAL    NOT NULL, -- operations done per second of the interval; 0 for an empty interval
    TOTAL_OPERATIONS    INTEGER NOT NULL, -- count: operations that ended in the interval, however they ended
    TOTAL_ERRORS        INTEGER NOT NULL, -- count: those of them that did not end done
    STARTED             INTEGER NOT NULL, -- count: operations planned in the interval
    CONNECTIONS         INTEGER NOT NULL, -- count at the end of the interval
    IN_FLIGHT           INTEGER NOT NULL, -- count at the end of the interval
    OLDEST_IN_FLIGHT_MS REAL    NOT NULL, -- age of the oldest operation in flight
    P50_US              INTEGER NOT NULL, -- response time of operations done in the interval, over workloads
    P95_US              INTEGER NOT NULL,
    P99_US              INTEGER NOT NULL,
    MAX_US              INTEGER NOT NULL,
    LAG_P50_US          INTEGER NOT NULL, -- generator lag: taken up minus due
    LAG_P99_US          INTEGER NOT NULL,
    LAG_MAX_US          INTEGER NOT NULL,
    UNLISTED_ERRORS     INTEGER NOT NULL, -- count: errors without a row in QUERY_EXECUTIONS
    MONO_NS             INTEGER NOT NULL, -- the host's CLOCK_MONOTONIC when the counters were cut
    FINAL               INTEGER NOT NULL, -- flag: the worker's last report
    FINAL_TOTALS        TEXT,             -- JSON array: cumulative counts of a last report
    EXCLUDED_REASON     TEXT,             -- why the report is not in the aggregate; NULL when it is
    PRIMARY KEY (RUN_ID, WORKER_ID, GENERATION, SEQ)
) STRICT;

CREATE INDEX WORKER_METRICS_SNAPSHOTS_BY_TIME ON WORKER_METRICS_SNAPSHOTS (RUN_ID, TIMESTAMP);

CREATE TABLE WORKLOAD_SNAPSHOTS (
    RUN_ID               TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKER_ID            TEXT    NOT NULL,
    GENERATION           INTEGER NOT NULL,
    SEQ                  INTEGER NOT NULL, -- as in WORKER_METRICS_SNAPSHOTS
    WORKLOAD             TEXT    NOT NULL, -- name
    OP_PHASE             TEXT    NOT NULL, -- phase in which the operations were meant to start
    WORKLOAD_INDEX       INTEGER NOT NULL, -- place in the plan, from 0
    PLANNED              INTEGER NOT NULL, -- counts of operations in the interval
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
    RESPONSE_HISTOGRAM   BLOB,             -- HDR V2, microseconds: response time of operations done
    SERVICE_HISTOGRAM    BLOB,             -- HDR V2, microseconds: service time of operations done
    CENSORED_HISTOGRAM   BLOB,             -- HDR V2, microseconds: ages of censored operations
    PRIMARY KEY (RUN_ID, WORKER_ID, GENERATION, SEQ, WORKLOAD, OP_PHASE)
) STRICT;

CREATE TABLE QUERY_EXECUTIONS (
    RUN_ID                TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKER_ID             TEXT    NOT NULL,
    GENERATION            INTEGER NOT NULL,
    CONNECTION            INTEGER NOT NULL, -- global number of the connection, from 0
    OPERATION             INTEGER NOT NULL, -- number of the operation on its connection, from 0
    REPORT_SEQ            INTEGER NOT NULL, -- SEQ of the report that told it
    WORKLOAD              TEXT    NOT NULL, -- name
    WORKLOAD_INDEX        INTEGER NOT NULL, -- place in the plan, from 0
    OP_PHASE              TEXT    NOT NULL, -- phase in which it was meant to start
    WHY                   TEXT    NOT NULL, -- error, slow, sample
    QUERY_ID              TEXT,             -- of the target
    INTENDED_US           INTEGER NOT NULL, -- when it was meant to start
    TAKEN_UP_US           INTEGER NOT NULL, -- when its connection turned to it
    SENT_US               INTEGER NOT NULL, -- when its first statement was sent
    FIRST_ROW_US          INTEGER NOT NULL, -- when the first answer arrived
    DONE_US               INTEGER NOT NULL, -- when the last answer was read
    OUTCOME               TEXT    NOT NULL, -- done, failed, indoubt, censored, skipped
    ERROR_CLASS           TEXT,             -- of a failed one: timeout, serialization, connection, constraint, expectation, other
    ERROR_CODE            TEXT,             -- of the target
    ERROR_MESSAGE         TEXT,             -- of the target, without values of parameters
    ATTEMPTS              INTEGER NOT NULL, -- count, 1 without retries
    ROW_COUNT             INTEGER NOT NULL, -- rows read or changed by the attempt that counted
    SERVER_TOTAL_US       INTEGER,          -- timings of the target, known after enrichment
    SERVER_COMPILATION_US INTEGER,
    SERVER_QUEUED_US      INTEGER,
    SERVER_EXECUTION_US   INTEGER,
    SERVER_BYTES_SCANNED  INTEGER,          -- bytes
    ENRICHED_AT           TEXT,             -- time
    PRIMARY KEY (RUN_ID, WORKER_ID, GENERATION, CONNECTION, OPERATION)
) STRICT;

-- +goose Down
DROP TABLE QUERY_EXECUTIONS;
DROP TABLE WORKLOAD_SNAPSHOTS;
DROP TABLE WORKER_METRICS_SNAPSHOTS;
DROP TABLE WORKER_HEARTBEATS;
