-- Runs and what was decided about them.
--
-- Snowflake commits each DDL statement by itself, so every statement may be run again after a file that failed half-way.
-- The small tables that are updated row by row are hybrid tables, which enforce their keys; the others are standard tables,
-- for which a primary key is only a description. Texts of keys have a length, because keys of hybrid tables are stored in
-- an index. JSON keeps its text as it was written, which VARIANT would not. Times are TIMESTAMP_LTZ, so that a worksheet
-- in any time zone computes elapsed times right. There are no foreign keys: hybrid and standard tables cannot refer to
-- each other, and hybrid tables have no ON DELETE CASCADE.
--
-- CHANGE_NO, which file 00005 adds elsewhere, is there from the start, so that no hybrid table has to be altered.

-- +goose Up
CREATE HYBRID TABLE IF NOT EXISTS RUN_STATUS (
    RUN_ID               VARCHAR(200)  NOT NULL,           -- sorts by creation
    RUN_NAME             VARCHAR       NOT NULL,
    LABELS               VARCHAR,                          -- JSON object of texts
    PLAN                 VARCHAR,                          -- JSON: the resolved spec without its source text, never a secret
    PLAN_HASH            VARCHAR       NOT NULL,           -- SHA-256 of the plan, hex
    SPEC_FILE            VARCHAR,                          -- name of the file that the plan came from
    SPEC_TEXT            VARCHAR,                          -- its text
    SEED                 VARCHAR,                          -- unsigned 64-bit number, decimal

    STATUS               VARCHAR(200)  NOT NULL,           -- STARTING, RUNNING, STOPPING, CANCELLING, COMPLETED, CANCELLED, FAILED
    PHASE                VARCHAR       NOT NULL,           -- PREPARING, WARMUP, MEASUREMENT, PROCESSING, COMPLETED
    DESIRED              VARCHAR       NOT NULL,           -- what a person wants: run, stop, abort
    STOP_REASON          VARCHAR,                          -- machine code of how the run ended
    STOP_DETAIL          VARCHAR,                          -- the same as a sentence
    VERDICT              VARCHAR,                          -- pass, fail, undetermined
    VALIDITY             VARCHAR,                          -- VALID, SUSPECT, INVALID

    WARMUP_SECONDS       FLOAT         NOT NULL,
    DURATION_SECONDS     FLOAT         NOT NULL,           -- of MEASUREMENT; 0 when iterations decide
    CREATED_AT           TIMESTAMP_LTZ NOT NULL,           -- time
    START_TIME           TIMESTAMP_LTZ,                    -- time: t0; NULL in PREPARING
    WARMUP_END_TIME      TIMESTAMP_LTZ,                    -- time
    MEASUREMENT_END_TIME TIMESTAMP_LTZ,                    -- time; NULL while iterations decide
    END_TIME             TIMESTAMP_LTZ,                    -- time: when the run became terminal
    UPDATED_AT           TIMESTAMP_LTZ NOT NULL,           -- time of the last change of this row

    OWNER                VARCHAR       NOT NULL,           -- server that drives the run
    EPOCH                BIGINT        NOT NULL,           -- raised with every change of owner; writes of an older one are refused
    NEXT_SEQUENCE        BIGINT        NOT NULL,           -- SEQUENCE_ID of the next control event

    WORKERS_EXPECTED     BIGINT        NOT NULL,           -- count
    WORKERS_READY        BIGINT        NOT NULL,           -- count
    WORKERS_ACTIVE       BIGINT        NOT NULL,           -- count
    WORKERS_COMPLETED    BIGINT        NOT NULL,           -- count
    TOTAL_OPERATIONS     BIGINT        NOT NULL,           -- count: finished operations of MEASUREMENT
    TOTAL_ERRORS         BIGINT        NOT NULL,           -- count: those of them that did not end done
    CHANGE_NO            BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    FIRST_CHANGE_NO      BIGINT        NOT NULL DEFAULT 0, -- change that created the run
    PRIMARY KEY (RUN_ID),
    INDEX RUN_STATUS_BY_STATUS (STATUS)
);

CREATE HYBRID TABLE IF NOT EXISTS RUN_CONTROL_EVENTS (
    RUN_ID       VARCHAR(200)  NOT NULL,
    SEQUENCE_ID  BIGINT        NOT NULL,           -- from 1, without gaps in a run
    EPOCH        BIGINT        NOT NULL,           -- of the owner that decided
    EVENT_TYPE   VARCHAR       NOT NULL,           -- CREATED, PHASE, ARM, STOP, ABORT, WORKER, GUARD, SLO, DESIRED, END
    EVENT_DATA   VARCHAR,                          -- JSON, by EVENT_TYPE
    MESSAGE      VARCHAR       NOT NULL,           -- the sentence a person reads
    SEVERITY     VARCHAR       NOT NULL,           -- info, warn, error
    EFFECTIVE_AT TIMESTAMP_LTZ,                    -- time
    CREATED_AT   TIMESTAMP_LTZ NOT NULL,           -- time
    CHANGE_NO    BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, SEQUENCE_ID)
);

-- +goose Down
DROP TABLE IF EXISTS RUN_CONTROL_EVENTS;
DROP TABLE IF EXISTS RUN_STATUS;
