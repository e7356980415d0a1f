"""A read-only transaction in PostgreSQL, made for unattended runs."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Iterator

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

    from sources.database_credentials import PostgresCredentials

CONNECT_TIMEOUT_SECONDS = 30
# Arrow reads times in UTC and in ISO form, and all digits. psycopg2 itself asks for ISO.
TEXT_FORMS = "SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 1"
# An ALTER TABLE that nobody commits would be waited for as long as the run may take. The
# role's own setting counts, or `options` in the credentials' `query`. Not in the
# connection's options, which PgBouncer refuses.
LOCK_TIMEOUT = """
SELECT set_config('lock_timeout', '60s', true)
WHERE current_setting('lock_timeout') = '0'
"""


@contextmanager
def read_only_transaction(credentials: PostgresCredentials) -> Iterator[Cursor]:
    """Open a transaction in which every query sees the same moment.

    Raises:
        psycopg2.Error: The database cannot be reached, or refuses a query.
    """
    import psycopg2

    with closing(psycopg2.connect(**_settings(credentials))) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute(TEXT_FORMS)
            cursor.execute(LOCK_TIMEOUT)
            yield cursor


def _settings(credentials: PostgresCredentials) -> dict[str, Any]:
    # Not a URL, which libpq repeats in its errors, password and all.
    return {
        "host": credentials.host,
        "port": credentials.port,
        "dbname": credentials.database,
        "user": credentials.username,
        "password": credentials.password,
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "dlt",
        # notices within a minute a connection that a NAT gateway has silently dropped
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        **(credentials.query or {}),
    }
