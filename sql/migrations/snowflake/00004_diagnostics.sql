-- What surrounded a run: logs, environment, samples of the warehouse, findings of the doctor.

-- +goose Up
CREATE TABLE IF NOT EXISTS RUN_LOGS (
    RUN_ID    VARCHAR(200)  NOT NULL,
    LINE_NO   BIGINT        NOT NULL,           -- order in which the lines were stored, from 1
    TIMESTAMP TIMESTAMP_LTZ NOT NULL,           -- time
    SOURCE    VARCHAR       NOT NULL,           -- server, or a worker's name
    LEVEL     VARCHAR       NOT NULL,
    MESSAGE   VARCHAR       NOT NULL,
    LINE_HASH VARCHAR       NOT NULL,           -- SHA-256 of level and message, hex: the same line stored twice is one
    CHANGE_NO BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, LINE_NO)
);

CREATE TABLE IF NOT EXISTS RUN_ENVIRONMENT (
    RUN_ID    VARCHAR(200) NOT NULL,
    SOURCE    VARCHAR(200) NOT NULL,           -- server, target, or a worker's name
    NAME      VARCHAR(200) NOT NULL,           -- ends in the unit of VALUE where it has one
    VALUE     VARCHAR      NOT NULL,
    CHANGE_NO BIGINT       NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, SOURCE, NAME)
);

CREATE TABLE IF NOT EXISTS WAREHOUSE_POLL_SNAPSHOTS (
    RUN_ID           VARCHAR(200)  NOT NULL,
    WAREHOUSE        VARCHAR(200)  NOT NULL,           -- name
    TIMESTAMP        TIMESTAMP_LTZ NOT NULL,           -- time of the sample
    PHASE            VARCHAR       NOT NULL,           -- as in RUN_STATUS
    ELAPSED_SECONDS  FLOAT         NOT NULL,           -- since t0
    STATE            VARCHAR       NOT NULL,           -- as the warehouse calls it
    SIZE             VARCHAR       NOT NULL,           -- as the warehouse calls it
    MIN_CLUSTERS     BIGINT        NOT NULL,           -- count
    MAX_CLUSTERS     BIGINT        NOT NULL,           -- count
    STARTED_CLUSTERS BIGINT        NOT NULL,           -- count
    RUNNING_QUERIES  BIGINT        NOT NULL,           -- count
    QUEUED_QUERIES   BIGINT        NOT NULL,           -- count
    SCALING_POLICY   VARCHAR       NOT NULL,
    RAW              VARCHAR,                          -- JSON object: the whole sample
    CHANGE_NO        BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WAREHOUSE, TIMESTAMP)
);

CREATE TABLE IF NOT EXISTS DOCTOR_FINDINGS (
    RUN_ID      VARCHAR(200)  NOT NULL,
    CHECKED_AT  TIMESTAMP_LTZ NOT NULL,           -- time
    CHECK_CODE  VARCHAR(200)  NOT NULL,
    SUBJECT     VARCHAR(200)  NOT NULL,           -- what the finding is about: a worker, a workload, '' is the run
    PHASE       VARCHAR       NOT NULL,           -- as in RUN_STATUS, when it was checked
    TITLE       VARCHAR       NOT NULL,
    STEP        VARCHAR       NOT NULL,           -- of the way of an operation
    SEVERITY    VARCHAR       NOT NULL,
    OUTCOME     VARCHAR       NOT NULL,           -- pass, warn, fail, undetermined, skip
    REASON      VARCHAR       NOT NULL,           -- a sentence
    REMEDY      VARCHAR,
    RUNBOOK     VARCHAR,                          -- address of a page
    EVIDENCE    VARCHAR,                          -- JSON object: the row behind the finding
    DURATION_MS FLOAT         NOT NULL,           -- how long the check took
    CHANGE_NO   BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, CHECKED_AT, CHECK_CODE, SUBJECT)
);

-- +goose Down
DROP TABLE IF EXISTS DOCTOR_FINDINGS;
DROP TABLE IF EXISTS WAREHOUSE_POLL_SNAPSHOTS;
DROP TABLE IF EXISTS RUN_ENVIRONMENT;
DROP TABLE IF EXISTS RUN_LOGS;
