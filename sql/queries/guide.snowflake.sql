-- name: GuideElapsed
-- Differs because Snowflake has no unixepoch. Its own difference counts boundaries between seconds too.
SELECT STATUS, PHASE,
       TIMESTAMPDIFF('second', START_TIME, CURRENT_TIMESTAMP()) AS ELAPSED,
       WARMUP_SECONDS AS WARMUP_THRESHOLD
FROM RUN_STATUS
WHERE RUN_ID = ?;
