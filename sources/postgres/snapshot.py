"""A PostgreSQL database as one transaction sees it: its columns, keys and rows."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Iterator

from dlt.common.configuration import configspec
from dlt.common.typing import TSecretStrValue

from sources.database_credentials import DatabaseCredentials
from sources.postgres.copy_to_arrow import copy_to_arrow
from utils.errors import ClearError
from utils.errors.postgres import (
    LOCK_NOT_AVAILABLE,
    in_one_line,
    is_lost_connection,
    lost_while_reading,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg2.extensions import cursor as Cursor
    from psycopg2.sql import Composable

CONNECT_TIMEOUT_SECONDS = 30
# An ALTER TABLE that nobody commits would be waited for as long as the run may take. The
# role's own setting counts, or `options` in the credentials' `query`. Not in the
# connection's options, which PgBouncer refuses.
LOCK_TIMEOUT = """
SELECT set_config('lock_timeout', '60s', true)
WHERE current_setting('lock_timeout') = '0'
"""
# Digits of a `numeric` that is declared without any. More decimals are an error.
PRECISION, SCALE = 38, 18


@configspec(init=False)
class PostgresCredentials(DatabaseCredentials):
    """Of a user who may read. `sslmode` and the like go into `query`."""

    drivername: Final[str] = "postgresql"  # type: ignore[misc]
    host: str = None
    port: int = 5432
    database: str = None
    username: str = None
    password: TSecretStrValue = None


class DatabaseError(ClearError):
    """The database cannot be reached, or refuses what is asked of it."""


class UnexpectedTable(ClearError):
    """The table is not there, or is not what the source needs."""


@contextmanager
def postgres_snapshot(credentials: PostgresCredentials) -> Iterator[Snapshot]:
    """Open a read-only transaction in which every query sees the same moment.

    Raises:
        DatabaseError: from psycopg2's error, with the server's message.
    """
    import psycopg2

    connection = snapshot = None
    try:
        connection = psycopg2.connect(**_connection_settings(credentials))
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            # Arrow reads times in UTC and in ISO form, and all digits
            cursor.execute(
                "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';"
                " SET LOCAL extra_float_digits = 1"
            )
            cursor.execute(LOCK_TIMEOUT)
            snapshot = Snapshot(cursor)
            yield snapshot
    except psycopg2.Error as error:
        message = in_one_line(error)
        if snapshot and is_lost_connection(error):
            message = lost_while_reading(snapshot.reading, error)
        if snapshot and error.pgcode == LOCK_NOT_AVAILABLE:
            message += (
                f". Another session locks {snapshot.reading}, by an ALTER TABLE that is"
                " not committed for example: pg_locks and pg_stat_activity tell which"
            )
        raise DatabaseError(
            f"{credentials.data_location()}: {message}. Nothing was loaded."
        ) from error
    finally:
        if connection:
            connection.close()


def _connection_settings(credentials: PostgresCredentials) -> dict[str, Any]:
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


class Snapshot:
    """The tables of a database at one moment."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.reading = "the database"
        """What is being read, for errors."""

    @property
    def moment(self) -> datetime:
        """When the snapshot was taken, by the database's clock."""
        self._cursor.execute("SELECT now()")
        return self._cursor.fetchone()[0]

    def arrow_schema(self, schema: str, table: str) -> pa.Schema:
        """The table's columns, with the Arrow types that hold their values exactly.

        All integers are `int64`. Times without a zone are in UTC. What Arrow has no type
        for (`uuid`, `json`, arrays) arrives as PostgreSQL's text.

        Raises:
            UnexpectedTable: there is no such table that this user may read.
        """
        import pyarrow as pa

        self._cursor.execute(
            """
            SELECT column_name, data_type, numeric_precision, numeric_scale
            FROM information_schema.columns
            WHERE table_schema = %s AND table_name = %s
            ORDER BY ordinal_position
            """,
            (schema, table),
        )
        columns = self._cursor.fetchall()
        if not columns:
            raise UnexpectedTable(
                f"The database has no table {schema}.{table} that this user may read."
                " Nothing was loaded. Check the name, and GRANT SELECT on it."
            )
        return pa.schema((name, _arrow_type(*of_type)) for name, *of_type in columns)

    def is_unique(self, schema: str, table: str, column: str) -> bool:
        """Whether a primary key or a unique index forbids a value to come twice."""
        self._cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM pg_index
                JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
                JOIN pg_class ON pg_class.oid = indrelid
                JOIN pg_namespace ON pg_namespace.oid = relnamespace
                WHERE nspname = %s AND relname = %s AND attname = %s
                -- the key of a parent says nothing of the tables that inherit from it
                AND (relkind = 'p' OR NOT relhassubclass)
                AND indisunique AND indisvalid AND indnkeyatts = 1 AND indpred IS NULL
            )
            """,
            (schema, table, column),
        )
        return self._cursor.fetchone()[0]

    def rows(
        self, query: Composable, schema: pa.Schema, table: str
    ) -> Iterator[pa.Table]:
        """The rows of a query, some megabytes at a time.

        Args:
            table: What the query reads, for errors.

        Raises:
            ValueDoesNotFit: naming the column and the value.
        """
        self.reading = table
        return copy_to_arrow(self._cursor, query.as_string(self._cursor), schema)


def _arrow_type(
    data_type: str, precision: int | None, scale: int | None
) -> pa.DataType:
    import pyarrow as pa

    if data_type == "numeric":
        if precision is None:
            return pa.decimal128(PRECISION, SCALE)
        # DuckDB, Redshift and Snowflake hold 38 digits, too
        return pa.decimal128(precision, scale) if precision <= 38 else pa.string()
    types = {
        "bigint": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "double precision": pa.float64(),
        "integer": pa.int64(),
        "real": pa.float64(),
        "smallint": pa.int64(),
        "timestamp with time zone": pa.timestamp("us", "UTC"),
        "timestamp without time zone": pa.timestamp("us"),
    }
    return types.get(data_type, pa.string())
