-- What surrounded a run: logs, environment, samples of the warehouse, findings of the doctor.

-- +goose Up
CREATE TABLE RUN_LOGS (
    RUN_ID    TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    LINE_NO   INTEGER NOT NULL, -- order in which the lines were stored, from 1
    TIMESTAMP TEXT    NOT NULL, -- time
    SOURCE    TEXT    NOT NULL, -- server, or a worker's name
    LEVEL     TEXT    NOT NULL,
    MESSAGE   TEXT    NOT NULL,
    LINE_HASH TEXT    NOT NULL, -- SHA-256 of level and message, hex: the same line stored twice is one
    PRIMARY KEY (RUN_ID, LINE_NO),
    UNIQUE (RUN_ID, TIMESTAMP, SOURCE, LINE_HASH)
) STRICT;

CREATE TABLE RUN_ENVIRONMENT (
    RUN_ID TEXT NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    SOURCE TEXT NOT NULL, -- server, target, or a worker's name
    NAME   TEXT NOT NULL, -- ends in the unit of VALUE where it has one
    VALUE  TEXT NOT NULL,
    PRIMARY KEY (RUN_ID, SOURCE, NAME)
) STRICT;

CREATE TABLE WAREHOUSE_POLL_SNAPSHOTS (
    RUN_ID           TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WAREHOUSE        TEXT    NOT NULL, -- name
    TIMESTAMP        TEXT    NOT NULL, -- time of the sample
    PHASE            TEXT    NOT NULL, -- as in RUN_STATUS
    ELAPSED_SECONDS  REAL    NOT NULL, -- since t0
    STATE            TEXT    NOT NULL, -- as the warehouse calls it
    SIZE             TEXT    NOT NULL, -- as the warehouse calls it
    MIN_CLUSTERS     INTEGER NOT NULL, -- count
    MAX_CLUSTERS     INTEGER NOT NULL, -- count
    STARTED_CLUSTERS INTEGER NOT NULL, -- count
    RUNNING_QUERIES  INTEGER NOT NULL, -- count
    QUEUED_QUERIES   INTEGER NOT NULL, -- count
    SCALING_POLICY   TEXT    NOT NULL,
    RAW              TEXT,             -- JSON object: the whole sample
    PRIMARY KEY (RUN_ID, WAREHOUSE, TIMESTAMP)
) STRICT;

CREATE TABLE DOCTOR_FINDINGS (
    RUN_ID      TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    CHECKED_AT  TEXT    NOT NULL, -- time
    CHECK_CODE  TEXT    NOT NULL,
    SUBJECT     TEXT    NOT NULL, -- what the finding is about: a worker, a workload, '' is the run
    PHASE       TEXT    NOT NULL, -- as in RUN_STATUS, when it was checked
    TITLE       TEXT    NOT NULL,
    STEP        TEXT    NOT NULL, -- of the way of an operation
    SEVERITY    TEXT    NOT NULL,
    OUTCOME     TEXT    NOT NULL, -- pass, warn, fail, undetermined, skip
    REASON      TEXT    NOT NULL, -- a sentence
    REMEDY      TEXT,
    RUNBOOK     TEXT,             -- address of a page
    EVIDENCE    TEXT,             -- JSON object: the row behind the finding
    DURATION_MS REAL    NOT NULL, -- how long the check took
    PRIMARY KEY (RUN_ID, CHECKED_AT, CHECK_CODE, SUBJECT)
) STRICT;

-- +goose Down
DROP TABLE DOCTOR_FINDINGS;
DROP TABLE WAREHOUSE_POLL_SNAPSHOTS;
DROP TABLE RUN_ENVIRONMENT;
DROP TABLE RUN_LOGS;
