#!/bin/sh
# Puts a backup, read from the standard input, in the place of Prefect's database.
#
# It runs in PostgreSQL's image, with PGHOST, PGUSER and PGPASSWORD where psql needs them, while
# Prefect's server is stopped. If it fails, nothing has changed. The database that was there
# stays as prefect_before_restore until the next time.
set -eu
cd "$(dirname "$0")"

sql() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"
}

sql --dbname=postgres <<'SQL'
SET client_min_messages = warning;
DROP DATABASE IF EXISTS prefect_restored WITH (FORCE);
CREATE DATABASE prefect_restored;
SQL
# Not the comment on pg_trgm, which is another user's on RDS.
pg_restore --exit-on-error --no-owner --no-privileges --no-comments --dbname=prefect_restored
sql --dbname=prefect_restored --file=after_restore.sql
# Without statistics the server's first queries would exceed its limits of time.
sql --dbname=prefect_restored <<'SQL'
SET client_min_messages = error; -- not of PostgreSQL's own tables, which are another user's
ANALYZE;
SQL
sql --dbname=postgres <<'SQL'
SET client_min_messages = warning;
DROP DATABASE IF EXISTS prefect_before_restore WITH (FORCE);
-- Nobody but a superuser may end PostgreSQL's own processes, which a rename waits for.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = 'prefect' AND usename = current_user AND backend_type = 'client backend'\g /dev/null
BEGIN;
ALTER DATABASE prefect RENAME TO prefect_before_restore;
ALTER DATABASE prefect_restored RENAME TO prefect;
COMMIT;
SQL
