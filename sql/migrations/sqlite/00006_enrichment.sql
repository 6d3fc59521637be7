-- What the target itself says about runs. Times in columns that end in _US are microseconds.

-- +goose Up
CREATE TABLE RUN_ENRICHMENT (
    RUN_ID           TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    WORKLOAD         TEXT    NOT NULL, -- name, '' is all together
    WORKLOAD_INDEX   INTEGER NOT NULL, -- place in the plan, from 0; all together is the last
    STATEMENTS       INTEGER,          -- count: statements that operations done in MEASUREMENT sent; NULL when the target said nothing
    COVERAGE         REAL,             -- share of them that the target tells of, from 0 to 1
    CALLS            INTEGER,          -- count of those
    QUEUED_US        REAL,             -- sums over those, as the target counts them
    COMPILE_US       REAL,
    EXECUTE_US       REAL,
    BLOCKED_US       REAL,
    OTHER_US         REAL,
    ROW_COUNT        INTEGER,
    BLOCKS_HIT       INTEGER,          -- count of blocks found in the target's cache
    BLOCKS_READ      INTEGER,          -- count of blocks fetched from below it
    BYTES_SCANNED    INTEGER,          -- bytes
    FAILED           INTEGER,          -- count of statements that did not succeed, in none of the above
    MEAN_SERVICE_US  REAL,             -- of one operation: the parts below add up to it; NULL where the coverage is too low
    MEAN_CLIENT_US   REAL,
    MEAN_QUEUED_US   REAL,
    MEAN_COMPILE_US  REAL,
    MEAN_EXECUTE_US  REAL,
    MEAN_BLOCKED_US  REAL,
    MEAN_OTHER_US    REAL,
    WHY              TEXT,             -- why there is no split, or what is odd about the counts
    STATUS           TEXT,             -- PENDING, COMPLETE, INCOMPLETE, SKIPPED, FAILED; this and all below stand with WORKLOAD '' only
    REASON           TEXT,             -- code of why it is not COMPLETE
    DETAIL           TEXT,             -- the same as a sentence
    SOURCE           TEXT,             -- where the target keeps it
    PASS             INTEGER,          -- count: how often the target was asked
    ASKED_AT         TEXT,             -- time
    WAITS            TEXT,             -- JSON array: what sessions were at in MEASUREMENT
    SAMPLES          INTEGER,          -- count of samples behind WAITS
    OTHERS           INTEGER,          -- count of statements of others on the same warehouse; NULL is not known
    COST             TEXT,             -- JSON object: credits, estimated and metered
    NOTES            TEXT,             -- JSON array of sentences
    CHANGE_NO        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (RUN_ID, WORKLOAD)
) STRICT;

CREATE TABLE WAIT_SAMPLES (
    RUN_ID          TEXT    NOT NULL REFERENCES RUN_STATUS (RUN_ID) ON DELETE CASCADE,
    TIMESTAMP       TEXT    NOT NULL, -- time of the sample
    STATE           TEXT    NOT NULL, -- of sessions of the run: active, idle, …; '' is a sample that found none
    WAIT_TYPE       TEXT    NOT NULL, -- of what they wait for; '' is nothing, they run
    WAIT_EVENT      TEXT    NOT NULL, -- its name
    PHASE           TEXT    NOT NULL, -- as in RUN_STATUS
    ELAPSED_SECONDS REAL    NOT NULL, -- since t0
    SESSIONS        INTEGER NOT NULL, -- count
    CHANGE_NO       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (RUN_ID, TIMESTAMP, STATE, WAIT_TYPE, WAIT_EVENT)
) STRICT;

CREATE INDEX RUN_ENRICHMENT_BY_CHANGE ON RUN_ENRICHMENT (CHANGE_NO);
CREATE INDEX WAIT_SAMPLES_BY_CHANGE ON WAIT_SAMPLES (CHANGE_NO);
CREATE INDEX QUERY_EXECUTIONS_BY_QUERY ON QUERY_EXECUTIONS (RUN_ID, QUERY_ID);

-- +goose Down
DROP INDEX QUERY_EXECUTIONS_BY_QUERY;
DROP TABLE WAIT_SAMPLES;
DROP TABLE RUN_ENRICHMENT;
