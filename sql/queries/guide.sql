-- The first questions of whoever debugs a run.

-- name: GuidePhases
-- Is QPS 0 during the whole warmup? PREPARING is 0 by nature, WARMUP is not.
SELECT PHASE, COUNT(*), AVG(QPS), MIN(TIMESTAMP), MAX(TIMESTAMP)
FROM WORKER_METRICS_SNAPSHOTS
WHERE RUN_ID = ?
GROUP BY PHASE
ORDER BY MIN(TIMESTAMP);

-- name: GuideElapsed
-- Does the phase never change to MEASUREMENT? It does when ELAPSED reaches WARMUP_THRESHOLD. Both are seconds; ELAPSED
-- counts the boundaries between seconds, and is NULL in PREPARING.
SELECT STATUS, PHASE,
       unixepoch('now') - unixepoch(START_TIME) AS ELAPSED,
       WARMUP_SECONDS AS WARMUP_THRESHOLD
FROM RUN_STATUS
WHERE RUN_ID = ?;

-- name: GuideWorkers
-- Do workers write no snapshots? See how they stand and what they complain about.
SELECT WORKER_ID, STATUS, LAST_HEARTBEAT, ERROR_COUNT
FROM WORKER_HEARTBEATS
WHERE RUN_ID = ?;
