"""A PostgreSQL database as one transaction sees it: its columns, keys and rows."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterator, Sequence

from sources.postgres.connection import read_only_transaction
from sources.postgres.copy_to_arrow import copy_to_arrow
from utils.errors import ClearError
from utils.errors.postgres import (
    LOCK_NOT_AVAILABLE,
    in_one_line,
    is_lost_connection,
    lost_while_reading,
)

if TYPE_CHECKING:
    import psycopg2
    import pyarrow as pa
    from psycopg2.extensions import cursor as Cursor
    from psycopg2.sql import Composable

    from sources.database_credentials import PostgresCredentials

# Digits of a `numeric` that is declared without any. More decimals are an error.
PRECISION, SCALE = 38, 18


class DatabaseError(ClearError):
    """The database cannot be reached, or refuses a query."""


class UnexpectedTable(ClearError):
    """The table does not exist, or is not what the source needs."""


@contextmanager
def postgres_snapshot(credentials: PostgresCredentials) -> Iterator[Snapshot]:
    """Open a read-only transaction in which every query sees the same moment.

    Raises:
        DatabaseError: The database cannot be reached, or refuses a query.
    """
    import psycopg2

    snapshot = None
    try:
        with read_only_transaction(credentials) as cursor:
            snapshot = Snapshot(cursor)
            yield snapshot
    except psycopg2.Error as error:
        place = credentials.data_location()
        message = _message(error, snapshot)
        raise DatabaseError(f"{place}: {message}. Nothing was loaded.") from error


class Snapshot:
    """The tables of a database at one moment."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self.reading = "the database"
        """The table that is being read, for errors."""

    @property
    def moment(self) -> datetime:
        """The time of the snapshot by the database's clock."""
        return self._single_value("SELECT now()")

    def arrow_schema(self, schema: str, table: str) -> pa.Schema:
        """Return the table's columns, with Arrow types that hold their values exactly.

        All integers are `int64`. Times without a zone are in UTC. What Arrow has no type
        for (`uuid`, `json`, arrays) arrives as PostgreSQL's text.

        Raises:
            UnexpectedTable: No such table exists, or this user may not read it.
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
        """Return whether a primary key or unique index forbids a value to come twice."""
        return self._single_value(
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

    def rows(
        self, query: Composable, schema: pa.Schema, table: str
    ) -> Iterator[pa.Table]:
        """Yield the rows of a query, some megabytes at a time.

        Args:
            query: A SELECT.
            schema: Names and types of the query's columns, in their order.
            table: Name of what the query reads, for errors.

        Raises:
            ValueDoesNotFit: A value is not one of its column's type.
        """
        self.reading = table
        return copy_to_arrow(self._cursor, query.as_string(self._cursor), schema)

    def _single_value(self, query: str, parameters: Sequence[str] = ()) -> Any:
        self._cursor.execute(query, parameters)
        ((value,),) = self._cursor.fetchall()
        return value


def _message(error: psycopg2.Error, snapshot: Snapshot | None) -> str:
    message = in_one_line(error)
    if snapshot and is_lost_connection(error):
        return lost_while_reading(snapshot.reading, error)
    if snapshot and error.pgcode == LOCK_NOT_AVAILABLE:
        message += (
            f". Another session locks {snapshot.reading}, by an ALTER TABLE that is not"
            " committed for example: pg_locks and pg_stat_activity tell which"
        )
    return message


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
