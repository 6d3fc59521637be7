-- The newest statements that ended in a range of time, of everybody whom the role may see: the function limits before a
-- WHERE would filter, so the tag is looked at afterwards. Times are milliseconds. Kept for 7 days; a statement is in it
-- within a minute or so of its end. ? are the ends of the range.
SELECT QUERY_ID,
       QUERY_TAG,
       WAREHOUSE_NAME,
       EXECUTION_STATUS,
       DATE_PART(EPOCH_MILLISECOND, START_TIME) AS STARTED_MS,
       DATE_PART(EPOCH_MILLISECOND, END_TIME) AS ENDED_MS,
       TOTAL_ELAPSED_TIME,
       COMPILATION_TIME,
       EXECUTION_TIME,
       QUEUED_PROVISIONING_TIME + QUEUED_REPAIR_TIME + QUEUED_OVERLOAD_TIME AS QUEUED_TIME,
       TRANSACTION_BLOCKED_TIME,
       ROWS_PRODUCED,
       BYTES_SCANNED
FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY(
    END_TIME_RANGE_START => TO_TIMESTAMP_LTZ(?),
    END_TIME_RANGE_END => TO_TIMESTAMP_LTZ(?),
    RESULT_LIMIT => 10000))
ORDER BY END_TIME DESC
