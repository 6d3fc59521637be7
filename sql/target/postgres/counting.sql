-- Whether the server counts statements, where, and since when.
SELECT current_setting('server_version_num')::bigint AS version,
       current_database() AS database_name,
       (SELECT quote_ident(n.nspname)
        FROM pg_extension AS e
        JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = 'pg_stat_statements') AS schema_name,
       current_setting('compute_query_id', true) AS compute_query_id,
       current_setting('pg_stat_statements.track', true) AS track,
       current_setting('pg_stat_statements.track_planning', true) AS track_planning
