-- Runs and what was decided about them.
--
-- RUN_ID is compared byte by byte, so that the order of runs does not depend on the database's locale. JSON keeps its
-- text as it was written, which JSONB would not.

-- +goose Up
CREATE TABLE RUN_STATUS (
    RUN_ID               TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- sorts by creation
    RUN_NAME             TEXT             NOT NULL,
    LABELS               JSON,                                  -- JSON object of texts
    PLAN                 JSON,                                  -- JSON: the resolved spec without its source text, never a secret
    PLAN_HASH            TEXT             NOT NULL,             -- SHA-256 of the plan, hex
    SPEC_FILE            TEXT,                                  -- name of the file that the plan came from
    SPEC_TEXT            TEXT,                                  -- its text
    SEED                 TEXT,                                  -- unsigned 64-bit number, decimal

    STATUS               TEXT             NOT NULL,             -- STARTING, RUNNING, STOPPING, CANCELLING, COMPLETED, CANCELLED, FAILED
    PHASE                TEXT             NOT NULL,             -- PREPARING, WARMUP, MEASUREMENT, PROCESSING, COMPLETED
    DESIRED              TEXT             NOT NULL,             -- what a person wants: run, stop, abort
    STOP_REASON          TEXT,                                  -- machine code of how the run ended
    STOP_DETAIL          TEXT,                                  -- the same as a sentence
    VERDICT              TEXT,                                  -- pass, fail, undetermined
    VALIDITY             TEXT,                                  -- VALID, SUSPECT, INVALID

    WARMUP_SECONDS       DOUBLE PRECISION NOT NULL,
    DURATION_SECONDS     DOUBLE PRECISION NOT NULL,             -- of MEASUREMENT; 0 when iterations decide
    CREATED_AT           TIMESTAMPTZ      NOT NULL,             -- time
    START_TIME           TIMESTAMPTZ,                           -- time: t0; NULL in PREPARING
    WARMUP_END_TIME      TIMESTAMPTZ,                           -- time
    MEASUREMENT_END_TIME TIMESTAMPTZ,                           -- time; NULL while iterations decide
    END_TIME             TIMESTAMPTZ,                           -- time: when the run became terminal
    UPDATED_AT           TIMESTAMPTZ      NOT NULL,             -- time of the last change of this row

    OWNER                TEXT             NOT NULL,             -- server that drives the run
    EPOCH                BIGINT           NOT NULL,             -- raised with every change of owner; writes of an older one are refused
    NEXT_SEQUENCE        BIGINT           NOT NULL,             -- SEQUENCE_ID of the next control event

    WORKERS_EXPECTED     BIGINT           NOT NULL,             -- count
    WORKERS_READY        BIGINT           NOT NULL,             -- count
    WORKERS_ACTIVE       BIGINT           NOT NULL,             -- count
    WORKERS_COMPLETED    BIGINT           NOT NULL,             -- count
    TOTAL_OPERATIONS     BIGINT           NOT NULL,             -- count: finished operations of MEASUREMENT
    TOTAL_ERRORS         BIGINT           NOT NULL              -- count: those of them that did not end done
);

CREATE INDEX RUN_STATUS_BY_STATUS ON RUN_STATUS (STATUS);

CREATE TABLE RUN_CONTROL_EVENTS (
    RUN_ID       TEXT COLLATE "C" NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    SEQUENCE_ID  BIGINT      NOT NULL, -- from 1, without gaps in a run
    EPOCH        BIGINT      NOT NULL, -- of the owner that decided
    EVENT_TYPE   TEXT        NOT NULL, -- CREATED, PHASE, ARM, STOP, ABORT, WORKER, GUARD, SLO, DESIRED, END
    EVENT_DATA   JSON,                 -- JSON, by EVENT_TYPE
    MESSAGE      TEXT        NOT NULL, -- the sentence a person reads
    SEVERITY     TEXT        NOT NULL, -- info, warn, error
    EFFECTIVE_AT TIMESTAMPTZ,          -- time
    CREATED_AT   TIMESTAMPTZ NOT NULL, -- time
    PRIMARY KEY (RUN_ID, SEQUENCE_ID)
);

-- +goose Down
DROP TABLE RUN_CONTROL_EVENTS;
DROP TABLE RUN_STATUS;
