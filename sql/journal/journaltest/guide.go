package journaltest

// These are the queries of the guide to debugging that users know, word for word. That of scenario 3 has an ellipsis there, which
// is filled here; and it runs in Snowflake only.
const (
	GuidePhases = `SELECT PHASE, COUNT(*), AVG(QPS), MIN(TIMESTAMP), MAX(TIMESTAMP)
FROM WORKER_METRICS_SNAPSHOTS
WHERE RUN_ID = '<run_id>'
GROUP BY PHASE
ORDER BY MIN(TIMESTAMP);`
	GuideElapsed = `SELECT STATUS, PHASE, 
       TIMESTAMPDIFF('second', START_TIME, CURRENT_TIMESTAMP()) as elapsed,
       (SELECT warmup_seconds FROM RUN_STATUS WHERE RUN_ID = '<run_id>') as warmup_threshold
FROM RUN_STATUS WHERE RUN_ID = '<run_id>';`
	GuideWorkers = `SELECT WORKER_ID, STATUS, LAST_HEARTBEAT, ERROR_COUNT
FROM WORKER_HEARTBEATS
WHERE RUN_ID = '<run_id>';`
)
