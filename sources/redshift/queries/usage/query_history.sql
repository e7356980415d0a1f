-- What was asked of Redshift since a day, and how long it took. Parameter: since, as 2026-12-31.
-- Superusers see the queries of all users, others their own.
SELECT
    query_id,
    user_id,
    trim(query_type) AS query_type,
    trim(status) AS status,
    start_time,
    elapsed_time / 1000000.0 AS seconds,
    returned_rows,
    trim(query_text) AS query_text
FROM sys_query_history
WHERE start_time >= %(since)s
ORDER BY start_time, query_id
