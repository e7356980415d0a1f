"""A query's rows from Redshift as Arrow, in bounded memory.

A cursor in the server hands over some rows at a time, as text. The server also sends the
types of the query's columns, so that a column without any value has its type, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generator, Iterator, Sequence

from sources.postgres.copy_to_arrow import ValueDoesNotFit
from sources.redshift.connection import redshift_connection
from sources.redshift.sql_files import Query
from utils.errors import ClearError
from utils.errors.postgres import is_lost_connection, lost_while_reading
from utils.export.running_queries import raise_if_run_ends

if TYPE_CHECKING:
    import psycopg2
    import pyarrow as pa
    from psycopg2.extensions import Column
    from psycopg2.extensions import cursor as Cursor

# A cluster of a single node gives no more rows at once:
# https://docs.aws.amazon.com/redshift/latest/dg/fetch.html
MOST_ROWS_AT_ONCE = 1000
# Fewer, if they are long: a SUPER may have 16 MB.
FIRST_ROWS = 10
BYTES_AT_ONCE = 8 * 2**20
# Digits of a number that is declared without any, which PostgreSQL allows.
PRECISION, SCALE = 38, 18


class QueryFailed(ClearError):
    """Redshift cannot be reached, or refuses the query. Its file was not written."""


def query_rows(query: Query) -> Generator[pa.RecordBatch, None, None]:
    """Yield the query's rows. The first batch may have none, but it has the columns.

    Raises:
        QueryFailed: Redshift cannot be reached, or refuses the query. Names the query's
            file, the line if known, and the server's message.
        ValueDoesNotFit: A value is not one of its column's type. Names the column.
    """
    import psycopg2

    # The transaction is read-only, but a COMMIT would end it.
    if query.has_second_statement:
        raise _more_than_one(query)
    cursor = None
    try:
        with redshift_connection() as connection:
            cursor = connection.cursor(name="export")
            cursor.execute(query.sql, query.parameters)
            if cursor.statusmessage != "DECLARE CURSOR":
                raise _more_than_one(query)
            yield from _batches(cursor, query)
    except psycopg2.Error as error:
        raise QueryFailed(_message(error, query, cursor)) from error


def _more_than_one(query: Query) -> QueryFailed:
    return QueryFailed(
        f"{query.file} has more than one statement. Make a file of each."
    )


def _batches(cursor: Cursor, query: Query) -> Iterator[pa.RecordBatch]:
    _leave_as_text(cursor)
    rows = cursor.fetchmany(FIRST_ROWS)
    schema = _schema(cursor.description or (), query)
    batch = _batch(rows, schema, query)
    yield batch
    while batch.num_rows:
        raise_if_run_ends()
        fitting = BYTES_AT_ONCE * batch.num_rows // (batch.nbytes + 1)
        rows = cursor.fetchmany(min(max(fitting, 1), MOST_ROWS_AT_ONCE))
        batch = _batch(rows, schema, query)
        if batch.num_rows:
            yield batch


def _leave_as_text(cursor: Cursor) -> None:
    """Keep values as text: psycopg2's conversion is slower, and cannot hold them all."""
    from psycopg2 import extensions

    types = tuple(extensions.string_types)
    text = extensions.new_type(types, "TEXT", extensions.UNICODE)
    extensions.register_type(text, cursor)


def _schema(columns: Sequence[Column], query: Query) -> pa.Schema:
    import pyarrow as pa

    names = [column.name for column in columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise QueryFailed(
            f"{query.file} has several columns called {', '.join(twice)}. Give each a"
            " name of its own with AS."
        )
    return pa.schema((column.name, _arrow_type(column)) for column in columns)


def _arrow_type(column: Column) -> pa.DataType:
    import pyarrow as pa

    if column.type_code == 1700:  # numeric
        if column.precision in (None, 65535):
            return pa.decimal128(PRECISION, SCALE)
        if column.precision <= 38:
            return pa.decimal128(column.precision, column.scale)
    types = {
        16: pa.bool_(),
        20: pa.int64(),
        21: pa.int16(),
        23: pa.int32(),
        26: pa.int64(),  # oid
        700: pa.float32(),
        701: pa.float64(),
        1082: pa.date32(),
        1114: pa.timestamp("us"),
        1184: pa.timestamp("us", "UTC"),
    }
    # All others stay text, SUPER (JSON) among them.
    return types.get(column.type_code, pa.string())


def _batch(
    rows: list[tuple[str | None, ...]], schema: pa.Schema, query: Query
) -> pa.RecordBatch:
    import pyarrow as pa

    columns = list(zip(*rows)) or [()] * len(schema)
    arrays = [_array(values, field, query) for values, field in zip(columns, schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[str | None], field: pa.Field, query: Query) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(values, pa.string())
    if pa.types.is_boolean(field.type):
        return pc.equal(texts, "t")
    try:
        return texts.cast(field.type)
    except pa.ArrowInvalid as error:
        raise ValueDoesNotFit(
            f"{query.file}: column {field.name} has a value that {field.type} cannot"
            f" hold: {error}. Cast it in the query."
        ) from error


def _message(error: psycopg2.Error, query: Query, cursor: Cursor | None) -> str:
    where = query.file
    if cursor and is_lost_connection(error):
        return f"{where}: {lost_while_reading('its result', error)}"
    diagnosis = error.diag
    if cursor and cursor.query and diagnosis.statement_position:
        before = cursor.query.decode()[: int(diagnosis.statement_position)]
        where += f", line {before.count(chr(10)) + 1}"
    parts = (
        diagnosis.message_primary,
        diagnosis.message_detail,
        diagnosis.message_hint,
    )
    message = ". ".join(filter(None, parts)) or str(error)
    return f"{where}: {' '.join(message.split())}"
