-- name: GuideElapsed
-- Differs because PostgreSQL has no unixepoch. Cutting both times to the second counts boundaries between seconds too.
SELECT STATUS, PHASE,
       CAST(EXTRACT(EPOCH FROM date_trunc('second', CURRENT_TIMESTAMP) - date_trunc('second', START_TIME)) AS BIGINT) AS ELAPSED,
       WARMUP_SECONDS AS WARMUP_THRESHOLD
FROM RUN_STATUS
WHERE RUN_ID = ?;
