-- Every table that has rows: how many, how large, and how well kept.
-- Redshift shows svv_table_info to superusers; GRANT SELECT ON it to others.
SELECT
    "schema" AS table_schema,
    "table" AS table_name,
    tbl_rows AS row_count,
    size AS size_mb,
    unsorted AS unsorted_percent,
    stats_off AS stale_statistics_percent
FROM svv_table_info
ORDER BY size DESC, table_id
