"""PostgreSQL's `COPY ... TO STDOUT` as Arrow tables: fast, exact, in bounded memory.

psycopg2 hands over one row at a time. Rows are gathered into chunks, so that a row may
be of any length, and Arrow parses a chunk while the next one arrives.
"""

from __future__ import annotations

import io
import re
import threading
from contextlib import suppress
from queue import Empty, Queue
from typing import TYPE_CHECKING, Callable, Iterator

from utils.errors import ClearError

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg2.extensions import cursor as Cursor

CHUNK_BYTES = 4 * 2**20
# A chunk ends with the row that fills it. PostgreSQL allows a row of a gigabyte; here it
# would be in memory several times.
MOST_BYTES_OF_A_ROW = 32 * 2**20


class ValueDoesNotFit(ClearError):
    """A value does not fit its column's type in the destination."""


def copy_to_arrow(cursor: Cursor, query: str, schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the query's rows in tables of about `CHUNK_BYTES` of CSV.

    Args:
        cursor: Cursor of psycopg2's, which no other thread uses meanwhile.
        query: A SELECT without placeholders.
        schema: Names and types of the query's columns, in their order.

    Raises:
        ValueDoesNotFit: A value is not one of its column's type. Names the column.
        psycopg2.Error: The server refuses the query, or the connection is lost.
    """
    for chunk in _chunks(cursor, f"COPY ({query}) TO STDOUT (FORMAT csv)"):
        yield _parsed(chunk, schema)


def _parsed(chunk: memoryview, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    try:
        rows = csv.read_csv(
            pa.py_buffer(chunk),
            # one block, because no row may straddle two
            csv.ReadOptions(column_names=schema.names, block_size=len(chunk) + 1),
            # an empty line is a row: NULL in a single column
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types=schema,
                # NULL is nothing at all, an empty text is ""
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
    except pa.ArrowInvalid as error:
        raise _does_not_fit(error, schema) from error
    for field in schema:
        if not field.nullable and rows[field.name].null_count:
            raise ValueDoesNotFit(
                f"Column {field.name} has no value in some row, and must have one."
                " Nothing was loaded. Give these rows a value."
            )
    return rows.cast(schema)


def _does_not_fit(error: pa.ArrowInvalid, schema: pa.Schema) -> ClearError:
    column = re.search(r"In CSV column #(\d+)", str(error))
    if not column:
        return ValueDoesNotFit(f"Rows cannot be read: {error}")
    field = schema.field(int(column[1]))
    reason = str(error).rpartition(": ")[2]
    return ValueDoesNotFit(
        f"Column {field.name} has a value that {field.type} cannot hold: {reason}."
        " Nothing was loaded. Correct the row, or declare the column more exactly."
    )


def _chunks(cursor: Cursor, copy: str) -> Iterator[memoryview]:
    """Yield CSV of whole rows, while a thread reads the next ones."""
    import psycopg2

    received: Queue[memoryview | Exception | None] = Queue(maxsize=1)
    abandoned = threading.Event()

    def hand_over(chunk: memoryview) -> None:
        received.put(chunk)
        if abandoned.is_set():
            raise InterruptedError

    def receive() -> None:
        chunks = _Chunks(hand_over)
        try:
            cursor.copy_expert(copy, chunks)
            chunks.flush()
            received.put(None)
        except Exception as error:
            received.put(error)

    thread = threading.Thread(target=receive, name="COPY", daemon=True)
    thread.start()
    try:
        while (chunk := received.get()) is not None:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
    finally:
        if thread.is_alive():
            abandoned.set()
            with suppress(psycopg2.Error):  # the connection is lost
                cursor.connection.cancel()
        while thread.is_alive():
            with suppress(Empty):
                received.get(timeout=0.1)


class _Chunks:
    """File that psycopg2 writes into, one row at a time.

    Its methods share local variables: attributes cost a twentieth of the whole run.
    """

    def __init__(self, hand_over: Callable[[memoryview], None]) -> None:
        rows, size = io.BytesIO(), 0

        def write(row: bytes) -> None:
            nonlocal size
            size += rows.write(row)
            if size >= CHUNK_BYTES:
                flush()

        def flush() -> None:
            nonlocal rows, size
            if size > CHUNK_BYTES + MOST_BYTES_OF_A_ROW:
                raise ValueDoesNotFit(
                    f"A row has {size // 2**20:,} MB, of which"
                    f" {MOST_BYTES_OF_A_ROW // 2**20} are read. Nothing was loaded."
                    " Shorten it, or raise MOST_BYTES_OF_A_ROW in"
                    " sources/postgres/copy_to_arrow.py, and the memory of the flow's tasks."
                )
            if size:
                gathered, rows, size = rows, io.BytesIO(), 0
                hand_over(gathered.getbuffer())

        self.write, self.flush = write, flush
