-- What executes of the user's newest statements, and how many were looked at: the function limits before anything filters,
-- so 10000 means that there may be older ones. STARTED is in milliseconds.
SELECT COUNT(*) AS SEEN,
       ARRAY_AGG(IFF(EXECUTION_STATUS IN ('RUNNING', 'QUEUED', 'BLOCKED', 'RESUMING_WAREHOUSE'), OBJECT_CONSTRUCT(
           'id', QUERY_ID, 'tag', QUERY_TAG, 'status', EXECUTION_STATUS, 'started', DATE_PART(EPOCH_MILLISECOND, START_TIME)), NULL)) AS EXECUTING
FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_USER(RESULT_LIMIT => 10000))
