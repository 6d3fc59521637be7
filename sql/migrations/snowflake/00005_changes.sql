-- The order of changes. Every transaction of a journal that writes rows has a number, which stands in all rows that it
-- wrote; a row that is written again moves to the end. A replica follows that order, and keeps the numbers of the journal
-- that a row came from.
--
-- JOURNAL and JOURNAL_CHANGES are kept by a journal, REPLICA_PROGRESS by a replica, and are empty elsewhere. The columns
-- CHANGE_NO are in the files before this one.

-- +goose Up
CREATE HYBRID TABLE IF NOT EXISTS JOURNAL (
    JOURNAL_ID VARCHAR(200) NOT NULL, -- random, hex: tells journals that feed one replica apart
    PRIMARY KEY (JOURNAL_ID)
);

CREATE HYBRID TABLE IF NOT EXISTS JOURNAL_CHANGES (
    CHANGE_NO  BIGINT        NOT NULL, -- from 0, the empty journal, without gaps
    CHANGED_AT TIMESTAMP_LTZ NOT NULL, -- time
    ROW_TOTAL  BIGINT        NOT NULL, -- count: rows written by this and all changes before
    BYTE_TOTAL BIGINT        NOT NULL, -- bytes: size of these rows, roughly
    PRIMARY KEY (CHANGE_NO)
);

CREATE HYBRID TABLE IF NOT EXISTS REPLICA_PROGRESS (
    JOURNAL_ID     VARCHAR(200)  NOT NULL, -- which journal was fed
    FED_CHANGE_NO  BIGINT        NOT NULL, -- all its changes up to this one are in the replica
    HEAD_CHANGE_NO BIGINT        NOT NULL, -- its newest change at the time of FED_AT
    FED_AT         TIMESTAMP_LTZ NOT NULL, -- time of the last statement, on the replica's clock
    PRIMARY KEY (JOURNAL_ID)
);

-- +goose Down
DROP TABLE IF EXISTS REPLICA_PROGRESS;
DROP TABLE IF EXISTS JOURNAL_CHANGES;
DROP TABLE IF EXISTS JOURNAL;
