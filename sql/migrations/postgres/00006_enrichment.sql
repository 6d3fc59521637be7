-- What the target itself says about runs. Times in columns that end in _US are microseconds.

-- +goose Up
CREATE TABLE RUN_ENRICHMENT (
    RUN_ID           TEXT COLLATE "C" NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKLOAD         TEXT             NOT NULL, -- name, '' is all together
    WORKLOAD_INDEX   BIGINT           NOT NULL, -- place in the plan, from 0; all together is the last
    STATEMENTS       BIGINT,                   -- count: statements that operations done in MEASUREMENT sent; NULL when the target said nothing
    COVERAGE         DOUBLE PRECISION,         -- share of them that the target tells of, from 0 to 1
    CALLS            BIGINT,                   -- count of those
    QUEUED_US        DOUBLE PRECISION,         -- sums over those, as the target counts them
    COMPILE_US       DOUBLE PRECISION,
    EXECUTE_US       DOUBLE PRECISION,
    BLOCKED_US       DOUBLE PRECISION,
    OTHER_US         DOUBLE PRECISION,
    ROW_COUNT        BIGINT,
    BLOCKS_HIT       BIGINT,                   -- count of blocks found in the target's cache
    BLOCKS_READ      BIGINT,                   -- count of blocks fetched from below it
    BYTES_SCANNED    BIGINT,                   -- bytes
    FAILED           BIGINT,                   -- count of statements that did not succeed, in none of the above
    MEAN_SERVICE_US  DOUBLE PRECISION,         -- of one operation: the parts below add up to it; NULL where the coverage is too low
    MEAN_CLIENT_US   DOUBLE PRECISION,
    MEAN_QUEUED_US   DOUBLE PRECISION,
    MEAN_COMPILE_US  DOUBLE PRECISION,
    MEAN_EXECUTE_US  DOUBLE PRECISION,
    MEAN_BLOCKED_US  DOUBLE PRECISION,
    MEAN_OTHER_US    DOUBLE PRECISION,
    WHY              TEXT,                     -- why there is no split, or what is odd about the counts
    STATUS           TEXT,                     -- PENDING, COMPLETE, INCOMPLETE, SKIPPED, FAILED; this and all below stand with WORKLOAD '' only
    REASON           TEXT,                     -- code of why it is not COMPLETE
    DETAIL           TEXT,                     -- the same as a sentence
    SOURCE           TEXT,                     -- where the target keeps it
    PASS             BIGINT,                   -- count: how often the target was asked
    ASKED_AT         TIMESTAMPTZ,              -- time
    WAITS            JSON,                     -- JSON array: what sessions were at in MEASUREMENT
    SAMPLES          BIGINT,                   -- count of samples behind WAITS
    OTHERS           BIGINT,                   -- count of statements of others on the same warehouse; NULL is not known
    COST             JSON,                     -- JSON object: credits, estimated and metered
    NOTES            JSON,                     -- JSON array of sentences
    CHANGE_NO        BIGINT           NOT NULL DEFAULT 0,
    PRIMARY KEY (RUN_ID, WORKLOAD)
);

CREATE TABLE WAIT_SAMPLES (
    RUN_ID          TEXT COLLATE "C" NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    TIMESTAMP        TIMESTAMPTZ      NOT NULL, -- time of the sample
    STATE            TEXT             NOT NULL, -- of sessions of the run: active, idle, …; '' is a sample that found none
    WAIT_TYPE        TEXT             NOT NULL, -- of what they wait for; '' is nothing, they run
    WAIT_EVENT       TEXT             NOT NULL, -- its name
    PHASE            TEXT             NOT NULL, -- as in RUN_STATUS
    ELAPSED_SECONDS  DOUBLE PRECISION NOT NULL, -- since t0
    SESSIONS         BIGINT           NOT NULL, -- count
    CHANGE_NO        BIGINT           NOT NULL DEFAULT 0,
    PRIMARY KEY (RUN_ID, TIMESTAMP, STATE, WAIT_TYPE, WAIT_EVENT)
);

-- +goose Down
DROP TABLE WAIT_SAMPLES;
DROP TABLE RUN_ENRICHMENT;
