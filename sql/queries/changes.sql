-- JOURNAL_CHANGES: the numbered transactions of a journal, and how far a replica has followed them. What writes a row of a
-- run takes the number of its change as its first argument.

-- name: ReadJournalID
SELECT JOURNAL_ID
FROM JOURNAL;

-- name: ReadHead
SELECT CHANGE_NO, ROW_TOTAL, BYTE_TOTAL
FROM JOURNAL_CHANGES
ORDER BY CHANGE_NO DESC
LIMIT 1;

-- name: ReadChange
SELECT ROW_TOTAL, BYTE_TOTAL
FROM JOURNAL_CHANGES
WHERE CHANGE_NO = ?;

-- name: InsertChange
INSERT INTO JOURNAL_CHANGES (CHANGE_NO, CHANGED_AT, ROW_TOTAL, BYTE_TOTAL)
VALUES (?, ?, ?, ?);

-- name: ReadNextChange
-- The oldest change after a number.
SELECT CHANGE_NO, CHANGED_AT
FROM JOURNAL_CHANGES
WHERE CHANGE_NO > ?
ORDER BY CHANGE_NO
LIMIT 1;

-- name: ReadPortion
-- The newest change in a range up to which totals of rows and of bytes are not exceeded; NULL when there is none.
SELECT MAX(CHANGE_NO)
FROM JOURNAL_CHANGES
WHERE CHANGE_NO > ?
  AND CHANGE_NO <= ?
  AND ROW_TOTAL <= ?
  AND BYTE_TOTAL <= ?;

-- name: ListProgress
SELECT JOURNAL_ID, FED_CHANGE_NO, HEAD_CHANGE_NO, FED_AT
FROM REPLICA_PROGRESS
ORDER BY JOURNAL_ID;
