-- Settles what a restored database of Prefect's cannot know: what has happened since its backup.
--
-- It runs before the server starts, so that nobody is told of what it changes.
-- * Runs that were due by now may have run. They get the state Unknown, and do not start.
-- * Runs that were going stay Running. Those that still go send heartbeats; the others are
--   ended by watch, as Unknown. Only they have slots of their deployments.
-- * Watch counts its promises anew from the time of the restore, which it reads from the
--   variable `restored` (utils/watch/restored.py).
-- * An automation that waits for a sign of life waits anew.
BEGIN;
SET LOCAL TimeZone = 'UTC';

CREATE TEMPORARY TABLE backup ON COMMIT DROP AS
SELECT
    coalesce(
        greatest(
            (SELECT max(timestamp) FROM flow_run_state), (SELECT max(received) FROM events)
        ),
        now()  -- a server that has had no run
    ) AS known_until,
    now() AS restored_at;

CREATE TEMPORARY TABLE due ON COMMIT DROP AS
SELECT
    run.id AS flow_run_id,
    gen_random_uuid() AS state_id,
    coalesce(flow.name || '/' || deployment.name, flow.name) AS name,
    run.auto_scheduled
FROM flow_run AS run
JOIN flow ON flow.id = run.flow_id
LEFT JOIN deployment ON deployment.id = run.deployment_id
CROSS JOIN backup
WHERE run.state_type IN ('PENDING', 'CANCELLING')
    OR run.state_type = 'SCHEDULED'
    AND coalesce(run.next_scheduled_start_time, run.expected_start_time) < restored_at;

INSERT INTO flow_run_state (id, flow_run_id, type, name, timestamp, message)
SELECT
    state_id, flow_run_id, 'CANCELLED', 'Unknown', restored_at,
    'Prefect''s database was restored from a backup of ' || known_until::timestamp(0)
    || ' UTC. Whether this run has run since then is not known. Loads are safe to run again.'
FROM due, backup;

UPDATE flow_run
SET state_id = due.state_id,
    state_type = 'CANCELLED',
    state_name = 'Unknown',
    state_timestamp = backup.restored_at,
    end_time = backup.restored_at,
    next_scheduled_start_time = NULL
FROM due, backup
WHERE flow_run.id = due.flow_run_id;

INSERT INTO variable (name, value)
SELECT 'restored', json_build_object('known_until', known_until, 'at', restored_at)
FROM backup
ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated = now();

UPDATE concurrency_limit_v2 AS concurrency_limit
SET active_slots = (
    SELECT count(*) FROM flow_run
    WHERE flow_run.deployment_id = deployment.id AND flow_run.state_type = 'RUNNING'
)
FROM deployment WHERE deployment.concurrency_limit_id = concurrency_limit.id;

DELETE FROM automation_bucket WHERE automation_id IN (
    SELECT id FROM automation WHERE trigger::text LIKE '%"Proactive"%'
);

\pset format unaligned
\pset tuples_only on
SELECT format('Restored: what Prefect knew at %s UTC.', known_until::timestamp(0)) FROM backup;
SELECT format('%s runs were going then. Those of which nothing is heard end as Unknown.', count(*))
FROM flow_run WHERE state_type = 'RUNNING';
SELECT format('%s runs have been due since then, and are Unknown. They do not start:', count(*))
FROM due;
SELECT format('  %s: %s', name, count(*)) FROM due GROUP BY name ORDER BY name;
COMMIT;
