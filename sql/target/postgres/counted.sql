-- What the server has counted for statements by their query ids ($1) since it began to. Only those of this database and this
-- role, and not those that functions sent. The texts of the statements, which lie in a file, are not read.
SELECT queryid,
       SUM(calls)::bigint AS calls,
       SUM(total_exec_time)::double precision AS exec_ms,
       SUM(total_plan_time)::double precision AS plan_ms,
       SUM(rows)::bigint AS row_count,
       SUM(shared_blks_hit)::bigint AS blocks_hit,
       SUM(shared_blks_read)::bigint AS blocks_read
FROM pg_stat_statements(false)
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  AND toplevel
  AND queryid = ANY ($1::bigint[])
GROUP BY queryid
