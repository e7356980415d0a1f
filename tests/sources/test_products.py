"""The change feed's source, read from a real PostgreSQL without a pipeline."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

import pyarrow as pa
import pytest
from dlt.extract.exceptions import ResourceExtractionError

from sources.database_credentials import PostgresCredentials
from sources.postgres.copy_to_arrow import ValueDoesNotFit
from sources.postgres.snapshot import UnexpectedTable, postgres_snapshot
from sources.products import _query, _schema, products_source
from tests.samples.change_feed import add_change, add_changes, changes
from tests.servers.postgres import Database

MONDAY = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def extracted() -> list[dict[str, Any]]:
    """Return the rows of a first load; raise what the source raises."""
    try:
        tables = list(products_source().products)
    except ResourceExtractionError as error:
        raise error.__cause__
    return [row for table in tables for row in table.to_pylist()]


@contextmanager
def query_of(feed: Database, since: datetime | None = None) -> Iterator[str]:
    with postgres_snapshot(PostgresCredentials(feed.url)) as database:
        query = _query(database, _schema(database), since)
        yield query.as_string(database._cursor)


def test_the_first_load_reads_all_rows_in_the_types_of_the_table(feed):
    add_changes(feed, 10)
    rows = extracted()
    assert sorted(tuple(row.values()) for row in rows) == changes(feed)


def test_an_empty_feed_still_gives_its_columns(feed):
    (table,) = products_source().products
    assert (table.num_rows, table.schema.names[0]) == (0, "audit_id")
    assert table.schema.field("valid_ts").type == pa.timestamp("us", "UTC")


def test_a_table_with_a_key_is_neither_sorted_nor_compared(feed):
    """Sorting millions of rows would take the application's memory."""
    with query_of(feed) as query:
        assert "DISTINCT" not in query and "ORDER BY" not in query


def test_without_a_key_the_newest_of_equal_rows_is_read(feed):
    feed.query("ALTER TABLE raw_data.products DROP CONSTRAINT products_pkey")
    add_change(feed, 1, "I", MONDAY)
    for hours, name in ((1, "newest"), (-1, "older")):
        feed.query(
            "INSERT INTO raw_data.products OVERRIDING SYSTEM VALUE"
            " SELECT audit_id, product_id, %s, 1, 'U', %s FROM raw_data.products LIMIT 1",
            *(name, MONDAY + timedelta(hours=hours)),
        )
    assert [row["product_name"] for row in extracted()] == ["newest"]


def test_changes_since_then_include_rows_without_a_date(feed):
    feed.query("ALTER TABLE raw_data.products ALTER valid_ts DROP NOT NULL")
    for at in (MONDAY - timedelta(microseconds=1), MONDAY, None):
        add_change(feed, 1, "I", at)
    with query_of(feed, since=MONDAY) as query:
        found = [row[-1] for row in feed.query(query)]
    assert sorted(found, key=str) == [MONDAY, None]


@pytest.mark.parametrize("column", ["audit_id", "valid_ts"])
def test_a_table_without_key_or_cursor_is_refused(feed, column):
    feed.query(f"ALTER TABLE raw_data.products RENAME {column} TO other")
    with pytest.raises(UnexpectedTable, match=f"has no column {column}"):
        extracted()


def test_a_row_without_a_key_is_refused(feed):
    feed.query("""
        ALTER TABLE raw_data.products
            DROP CONSTRAINT products_pkey,
            ALTER audit_id DROP IDENTITY, ALTER audit_id DROP NOT NULL
        """)
    add_change(feed, 1, "I", MONDAY)
    with pytest.raises(ValueDoesNotFit, match="Column audit_id has no value"):
        extracted()
