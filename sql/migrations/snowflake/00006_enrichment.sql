-- What the target itself says about runs. Times in columns that end in _US are microseconds.

-- +goose Up
CREATE TABLE IF NOT EXISTS RUN_ENRICHMENT (
    RUN_ID           VARCHAR(200)  NOT NULL,
    WORKLOAD         VARCHAR(200)  NOT NULL,           -- name, '' is all together
    WORKLOAD_INDEX   BIGINT        NOT NULL,           -- place in the plan, from 0; all together is the last
    STATEMENTS       BIGINT,                           -- count: statements that operations done in MEASUREMENT sent; NULL when the target said nothing
    COVERAGE         FLOAT,                            -- share of them that the target tells of, from 0 to 1
    CALLS            BIGINT,                           -- count of those
    QUEUED_US        FLOAT,                            -- sums over those, as the target counts them
    COMPILE_US       FLOAT,
    EXECUTE_US       FLOAT,
    BLOCKED_US       FLOAT,
    OTHER_US         FLOAT,
    ROW_COUNT        BIGINT,
    BLOCKS_HIT       BIGINT,                           -- count of blocks found in the target's cache
    BLOCKS_READ      BIGINT,                           -- count of blocks fetched from below it
    BYTES_SCANNED    BIGINT,                           -- bytes
    FAILED           BIGINT,                           -- count of statements that did not succeed, in none of the above
    MEAN_SERVICE_US  FLOAT,                            -- of one operation: the parts below add up to it; NULL where the coverage is too low
    MEAN_CLIENT_US   FLOAT,
    MEAN_QUEUED_US   FLOAT,
    MEAN_COMPILE_US  FLOAT,
    MEAN_EXECUTE_US  FLOAT,
    MEAN_BLOCKED_US  FLOAT,
    MEAN_OTHER_US    FLOAT,
    WHY              VARCHAR,                          -- why there is no split, or what is odd about the counts
    STATUS           VARCHAR,                          -- PENDING, COMPLETE, INCOMPLETE, SKIPPED, FAILED; this and all below stand with WORKLOAD '' only
    REASON           VARCHAR,                          -- code of why it is not COMPLETE
    DETAIL           VARCHAR,                          -- the same as a sentence
    SOURCE           VARCHAR,                          -- where the target keeps it
    PASS             BIGINT,                           -- count: how often the target was asked
    ASKED_AT         TIMESTAMP_LTZ,                    -- time
    WAITS            VARCHAR,                          -- JSON array: what sessions were at in MEASUREMENT
    SAMPLES          BIGINT,                           -- count of samples behind WAITS
    OTHERS           BIGINT,                           -- count of statements of others on the same warehouse; NULL is not known
    COST             VARCHAR,                          -- JSON object: credits, estimated and metered
    NOTES            VARCHAR,                          -- JSON array of sentences
    CHANGE_NO        BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, WORKLOAD)
);

CREATE TABLE IF NOT EXISTS WAIT_SAMPLES (
    RUN_ID           VARCHAR(200)  NOT NULL,
    TIMESTAMP        TIMESTAMP_LTZ NOT NULL,           -- time of the sample
    STATE            VARCHAR(200)  NOT NULL,           -- of sessions of the run: active, idle, …; '' is a sample that found none
    WAIT_TYPE        VARCHAR(200)  NOT NULL,           -- of what they wait for; '' is nothing, they run
    WAIT_EVENT       VARCHAR(200)  NOT NULL,           -- its name
    PHASE            VARCHAR       NOT NULL,           -- as in RUN_STATUS
    ELAPSED_SECONDS  FLOAT         NOT NULL,           -- since t0
    SESSIONS         BIGINT        NOT NULL,           -- count
    CHANGE_NO        BIGINT        NOT NULL DEFAULT 0, -- change that wrote the row last
    PRIMARY KEY (RUN_ID, TIMESTAMP, STATE, WAIT_TYPE, WAIT_EVENT)
);

-- +goose Down
DROP TABLE IF EXISTS WAIT_SAMPLES;
DROP TABLE IF EXISTS RUN_ENRICHMENT;
