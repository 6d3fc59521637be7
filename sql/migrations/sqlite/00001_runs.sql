-- Runs and what was decided about them.
--
-- Times are TEXT in UTC with microseconds, '2026-01-02 15:04:05.000000': they sort as text, and SQLite's date functions
-- read them. JSON is TEXT. Flags are 0 and 1.

-- +goose Up
CREATE TABLE RUN_STATUS (
    RUN_ID               TEXT    NOT NULL PRIMARY KEY, -- sorts by creation
    RUN_NAME             TEXT    NOT NULL,
    LABELS               TEXT,                         -- JSON object of texts
    PLAN                 TEXT,                         -- JSON: the resolved spec without its source text, never a secret
    PLAN_HASH            TEXT    NOT NULL,             -- SHA-256 of the plan, hex
    SPEC_FILE            TEXT,                         -- name of the file that the plan came from
    SPEC_TEXT            TEXT,                         -- its text
    SEED                 TEXT,                         -- unsigned 64-bit number, decimal

    STATUS               TEXT    NOT NULL,             -- STARTING, RUNNING, STOPPING, CANCELLING, COMPLETED, CANCELLED, FAILED
    PHASE                TEXT    NOT NULL,             -- PREPARING, WARMUP, MEASUREMENT, PROCESSING, COMPLETED
    DESIRED              TEXT    NOT NULL,             -- what a person wants: run, stop, abort
    STOP_REASON          TEXT,                         -- machine code of how the run ended
    STOP_DETAIL          TEXT,                         -- the same as a sentence
    VERDICT              TEXT,                         -- pass, fail, undetermined
    VALIDITY             TEXT,                         -- VALID, SUSPECT, INVALID

    WARMUP_SECONDS       REAL    NOT NULL,
    DURATION_SECONDS     REAL    NOT NULL,             -- of MEASUREMENT; 0 when iterations decide
    CREATED_AT           TEXT    NOT NULL,             -- time
    START_TIME           TEXT,                         -- time: t0; NULL in PREPARING
    WARMUP_END_TIME      TEXT,                         -- time
    MEASUREMENT_END_TIME TEXT,                         -- time; NULL while iterations decide
    END_TIME             TEXT,                         -- time: when the run became terminal
    UPDATED_AT           TEXT    NOT NULL,             -- time of the last change of this row

    OWNER                TEXT    NOT NULL,             -- server that drives the run
    EPOCH                INTEGER NOT NULL,             -- raised with every change of owner; writes of an older one are refused
    NEXT_SEQUENCE        INTEGER NOT NULL,             -- SEQUENCE_ID of the next control event

    WORKERS_EXPECTED     INTEGER NOT NULL,             -- count
    WORKERS_READY        INTEGER NOT NULL,             -- count
    WORKERS_ACTIVE       INTEGER NOT NULL,             -- count
    WORKERS_COMPLETED    INTEGER NOT NULL,             -- count
    TOTAL_OPERATIONS     INTEGER NOT NULL,             -- count: finished operations of MEASUREMENT
    TOTAL_ERRORS         INTEGER NOT NULL              -- count: those of them that did not end done
) STRICT;

CREATE INDEX RUN_STATUS_BY_STATUS ON RUN_STATUS (STATUS);

CREATE TABLE RUN_CONTROL_EVENTS (
    RUN_ID       TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    SEQUENCE_ID  INTEGER NOT NULL, -- from 1, without gaps in a run
    EPOCH        INTEGER NOT NULL, -- of the owner that decided
    EVENT_TYPE   TEXT    NOT NULL, -- CREATED, PHASE, ARM, STOP, ABORT, WORKER, GUARD, SLO, DESIRED, END
    EVENT_DATA   TEXT,             -- JSON, by EVENT_TYPE
    MESSAGE      TEXT    NOT NULL, -- the sentence a person reads
    SEVERITY     TEXT    NOT NULL, -- info, warn, error
    EFFECTIVE_AT TEXT,             -- time
    CREATED_AT   TEXT    NOT NULL, -- time
    PRIMARY KEY (RUN_ID, SEQUENCE_ID)
) STRICT;

-- +goose Down
DROP TABLE RUN_CONTROL_EVENTS;
DROP TABLE RUN_STATUS;
