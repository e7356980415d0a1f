"""COPY into Arrow: exact values, bounded chunks, errors that name column and value."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pytest

import sources.postgres.copy_to_arrow
from sources.postgres.copy_to_arrow import ValueDoesNotFit, copy_to_arrow


@pytest.fixture
def cursor(application):
    with closing(psycopg2.connect(application.url)) as connection:
        with connection.cursor() as cursor:
            yield cursor


def rows(cursor, query: str, **columns: pa.DataType) -> list[tuple]:
    tables = copy_to_arrow(cursor, query, pa.schema(columns.items()))
    return [tuple(row.values()) for table in tables for row in table.to_pylist()]


def test_null_and_empty_text_differ(cursor):
    query = "SELECT * FROM (VALUES (1, NULL), (2, ''), (3, 'NULL'), (4, '\\N')) AS v"
    assert rows(cursor, query, n=pa.int64(), t=pa.string()) == [
        *((1, None), (2, ""), (3, "NULL"), (4, "\\N"))
    ]


def test_a_single_column_may_be_null(cursor):
    query = "SELECT * FROM (VALUES ('a'), (NULL), ('')) AS v"
    assert rows(cursor, query, t=pa.string()) == [("a",), (None,), ("",)]


def test_booleans_and_decimals(cursor):
    query = (
        "SELECT true, false, NULL::bool, 0.10::numeric(20, 2), -12345678901234567.89"
    )
    types = (
        pa.bool_(),
        pa.bool_(),
        pa.bool_(),
        pa.decimal128(20, 2),
        pa.decimal128(38, 9),
    )
    columns = dict(zip("abcde", types))
    assert rows(cursor, query, **columns) == [
        (True, False, None, Decimal("0.10"), Decimal("-12345678901234567.890000000"))
    ]


def test_no_rows_give_nothing(cursor):
    assert rows(cursor, "SELECT 1 WHERE false", n=pa.int64()) == []


def test_chunks_are_small_and_rows_stay_whole(cursor, monkeypatch):
    monkeypatch.setattr(sources.postgres.copy_to_arrow, "CHUNK_BYTES", 10_000)
    query = "SELECT n, repeat(E'\"\\n', n) FROM generate_series(1, 300) AS n"
    schema = pa.schema({"n": pa.int64(), "t": pa.string()})
    tables = list(copy_to_arrow(cursor, query, schema))
    assert len(tables) > 10
    assert max(table.num_rows for table in tables) < 200
    texts = [(row["n"], row["t"]) for table in tables for row in table.to_pylist()]
    assert texts == [(n, '"\n' * n) for n in range(1, 301)]


def test_a_row_may_be_longer_than_arrows_blocks(cursor):
    megabytes = "SELECT repeat(E'ab\\n', 1000000)"
    assert rows(cursor, megabytes, t=pa.string()) == [("ab\n" * 1_000_000,)]


@pytest.mark.parametrize(
    "value, type_, message",
    [
        ("'infinity'::timestamptz", pa.timestamp("us", "UTC"), "infinity"),
        ("'0044-03-15 BC'::timestamptz", pa.timestamp("us", "UTC"), "BC"),
        ("'NaN'::numeric", pa.decimal128(38, 9), "NaN"),
        ("0.0000000001", pa.decimal128(38, 9), "data loss"),
    ],
)
def test_a_value_that_does_not_fit_is_named(cursor, value, type_, message):
    with pytest.raises(ValueDoesNotFit, match=f"^Column price .*{message}"):
        rows(cursor, f"SELECT 1, {value}", n=pa.int64(), price=type_)


def test_a_missing_key_is_refused(cursor):
    schema = pa.schema([pa.field("audit_id", pa.int64(), nullable=False)])
    with pytest.raises(ValueDoesNotFit, match="Column audit_id has no value"):
        list(copy_to_arrow(cursor, "SELECT NULL::int", schema))


def test_the_servers_error_is_raised(cursor):
    with pytest.raises(psycopg2.errors.DivisionByZero):
        rows(cursor, "SELECT 1 / (n - 5) FROM generate_series(1, 9) AS n", n=pa.int64())


def test_who_stops_reading_does_not_wait_for_the_next_row(cursor, monkeypatch):
    monkeypatch.setattr(sources.postgres.copy_to_arrow, "CHUNK_BYTES", 1)
    # longer than the buffer from which the server sends
    slow = "SELECT repeat('x', 20000) FROM generate_series(1, 9) AS n WHERE n < 3 OR pg_sleep(9) IS NULL"
    tables = copy_to_arrow(cursor, slow, pa.schema({"t": pa.string()}))
    next(tables)
    started = time.monotonic()
    tables.close()
    assert time.monotonic() - started < 5


def test_who_stops_reading_stops_the_query(cursor):
    endless = "SELECT generate_series(1, 1000000000)"
    tables = copy_to_arrow(cursor, endless, pa.schema({"n": pa.int64()}))
    next(tables)
    tables.close()
    assert "COPY" not in {thread.name for thread in threading.enumerate()}


def test_a_row_that_would_fill_the_memory_is_refused(cursor, monkeypatch):
    monkeypatch.setattr(sources.postgres.copy_to_arrow, "CHUNK_BYTES", 10)
    monkeypatch.setattr(sources.postgres.copy_to_arrow, "MOST_BYTES_OF_A_ROW", 2**20)
    query = "SELECT repeat('x', {})"
    assert rows(cursor, query.format(2**20), t=pa.string()) == [("x" * 2**20,)]
    with pytest.raises(ValueDoesNotFit, match="^A row has 2 MB, of which 1 are read"):
        rows(cursor, query.format(2 * 2**20), t=pa.string())
