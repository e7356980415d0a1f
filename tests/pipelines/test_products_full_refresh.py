"""The full refresh of `products`: it reloads all, and no reader sees it happen."""

from __future__ import annotations

import threading
from contextlib import closing

import psycopg2
import pytest

from pipelines.products import load_products
from tests.samples.change_feed import COLUMNS, add_changes, changes
from utils.loading.replacement import SuspiciouslyFewRows

LOADED = f"SELECT {COLUMNS} FROM dev_products.products ORDER BY audit_id"


def test_a_full_refresh_reloads(feed, any_warehouse):
    add_changes(feed, 100)
    load_products()
    feed.query("UPDATE raw_data.products SET product_name = 'renamed'")
    feed.query("UPDATE raw_data.products SET valid_ts = valid_ts - interval '9 days'")
    feed.query("DELETE FROM raw_data.products WHERE audit_id <= 10")
    load_products()
    assert any_warehouse.query(LOADED) != changes(feed)

    report = load_products(full_refresh=True)

    assert report.rows == 90
    assert any_warehouse.query(LOADED) == changes(feed)
    add_changes(feed, 5)
    load_products()
    assert any_warehouse.query(LOADED) == changes(feed)


def test_readers_never_find_the_table_empty(feed, postgres_warehouse):
    """A reader counts all the time while the table is replaced; in PostgreSQL it can."""
    add_changes(feed, 20_000)
    load_products()
    counts: list[int] = []
    done = threading.Event()

    def read() -> None:
        connection = psycopg2.connect(postgres_warehouse.url)
        connection.autocommit = True
        cursor = connection.cursor()
        while not done.is_set():
            cursor.execute("SELECT count(*) FROM dev_products.current_products")
            counts.append(cursor.fetchone()[0])
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        load_products(full_refresh=True)
    finally:
        done.set()
        reader.join()
    assert len(counts) > 10
    assert set(counts) == {counts[0]} != {0}


def test_a_reader_keeps_the_rows_that_it_began_with(feed, postgres_warehouse):
    add_changes(feed, 100)
    load_products()
    with closing(psycopg2.connect(postgres_warehouse.url)) as reader:
        reader.set_session(isolation_level="REPEATABLE READ")
        with reader.cursor() as cursor:
            cursor.execute("SELECT 1")  # the transaction begins
            load_products(full_refresh=True)
            cursor.execute("SELECT count(*) FROM dev_products.products")
            assert cursor.fetchone() == (100,)


def test_a_full_refresh_that_brings_few_rows_is_refused(
    feed, any_warehouse, monkeypatch
):
    add_changes(feed, 100)
    load_products()
    before = any_warehouse.query(LOADED)
    feed.query("DELETE FROM raw_data.products WHERE audit_id > 49")

    with pytest.raises(
        SuspiciouslyFewRows, match="49 rows .* replace the 100 of table"
    ):
        load_products(full_refresh=True)

    assert any_warehouse.query(LOADED) == before
    add_changes(feed, 1)
    load_products()  # nothing of the refusal is left
    assert len(any_warehouse.query(LOADED)) == 101
    monkeypatch.setenv("LOADING__SMALLEST_REPLACEMENT", "0")
    load_products(full_refresh=True)
    assert any_warehouse.query(LOADED) == changes(feed)
