#!/bin/bash
# What the documentation of the official image `postgres` says of its start.
set -eu

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups \
        env HOME=/var/lib/postgresql "$0" "$@"
fi

from_file() { # variable: its value may be in the file that variable_FILE names
    local named="$1_FILE"
    if [ -n "${!1-}" ] && [ -n "${!named-}" ]; then
        echo "error: both $1 and $named are set (but are exclusive)" >&2
        exit 1
    fi
    if [ -n "${!named-}" ]; then export "$1=$(<"${!named}")"; fi
    unset "$named"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    from_file POSTGRES_PASSWORD
    from_file POSTGRES_USER
    from_file POSTGRES_DB
    from_file POSTGRES_INITDB_ARGS
    user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "${POSTGRES_PASSWORD-}" ] && [ "$method" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    # shellcheck disable=SC2086  # several arguments
    initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD-}") \
        --auth-local=trust --auth-host=trust ${POSTGRES_INITDB_ARGS-}
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

    # While it is set up, nobody gets in but through the Unix socket.
    arguments=; if [ $# -gt 1 ]; then arguments=$(printf "%q " "${@:2}"); fi
    pg_ctl -w -o "${arguments} -c listen_addresses='' -p 5432" start
    run=(psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$user")
    if [ "$database" != postgres ]; then
        "${run[@]}" --dbname postgres --set name="$database" <<<'CREATE DATABASE :"name";'
    fi
    for each in /docker-entrypoint-initdb.d/*; do
        case "$each" in
            *.sh) bash "$each" ;;
            *.sql) "${run[@]}" --dbname "$database" --file "$each" ;;
        esac
    done
    pg_ctl -m fast -w stop
    unset PGPASSWORD
    echo 'PostgreSQL init process complete; ready for start up.'
fi
exec "$@"
