-- name: ListFacts
-- Differs because PostgreSQL would sort by the locale of its database.
SELECT SOURCE, NAME, VALUE
FROM RUN_ENVIRONMENT
WHERE RUN_ID = ?
ORDER BY SOURCE COLLATE "C", NAME COLLATE "C";
