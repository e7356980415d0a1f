"""The products' pipeline: a real PostgreSQL into DuckDB, and into PostgreSQL."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from pipelines.products import load_products
from sources.postgres.snapshot import UnexpectedTable
from tests.samples.change_feed import COLUMNS, add_change, add_changes, changes
from utils.destinations.views import ViewInUse
from utils.loading.column_types import TypeChanged

LOADED = f"SELECT {COLUMNS} FROM dev_products.products ORDER BY audit_id"
MONDAY = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def current(warehouse) -> list[tuple]:
    return warehouse.query(
        "SELECT product_id, price_usd FROM dev_products.current_products"
        " ORDER BY product_id"
    )


def test_every_row_arrives_as_it_is(feed, any_warehouse):
    add_changes(feed, 2_000)
    report = load_products()
    assert report.rows == 2_000
    assert any_warehouse.query(LOADED) == changes(feed)


def test_values_of_all_kinds_arrive_exactly(feed, any_warehouse):
    """Load NULL and empty text, quotes, line breaks, digits, microseconds, time zones."""
    berlin = timezone(timedelta(hours=2))
    add_change(feed, 1, "I", MONDAY, name=None, price=None)
    add_change(feed, 2, "I", MONDAY, name="", price="0.00")
    add_change(feed, 3, "I", MONDAY, name='a "b",\nc\r\n\\N\t', price="-0.01")
    add_change(feed, 4, "I", MONDAY, name="Ä€🪑", price="9999999999999999.99")
    add_change(feed, 5, "I", datetime(2026, 7, 1, 0, 30, 0, 123456, berlin))
    add_change(feed, 6, "I", "1970-01-01 00:00:00+00", name=" blank ")

    load_products()

    loaded = any_warehouse.query(LOADED)
    assert loaded == changes(feed)
    assert [row[2] for row in loaded[:3]] == [None, "", 'a "b",\nc\r\n\\N\t']
    assert loaded[3][3] == Decimal("9999999999999999.99")
    assert loaded[4][5] == datetime(2026, 6, 30, 22, 30, 0, 123456, timezone.utc)


def test_a_very_long_text_is_no_problem(feed, any_warehouse):
    """Load a row that is longer than the chunks in which rows are read."""
    add_change(feed, 1, "I", MONDAY, name="long " * 2_000_000)
    add_change(feed, 2, "I", MONDAY, name="short")
    load_products()
    lengths = "SELECT length(product_name) FROM dev_products.products ORDER BY audit_id"
    assert any_warehouse.query(lengths) == [(10_000_000,), (5,)]


def test_an_empty_table_gives_an_empty_table_and_view(feed, any_warehouse):
    assert load_products().rows == 0
    assert any_warehouse.query(LOADED) == current(any_warehouse) == []
    assert load_products().rows == 0
    add_change(feed, 1, "I", MONDAY)
    assert load_products().rows == 1
    assert any_warehouse.query(LOADED) == changes(feed)


def test_only_what_is_new_is_read(feed, any_warehouse):
    for days in range(10):
        add_change(feed, days, "I", MONDAY + timedelta(days=days))
    load_products()
    add_change(feed, 10, "I", MONDAY + timedelta(days=10))

    report = load_products()

    # the new row, and those of the day before the last cursor
    assert report.rows == 3
    assert any_warehouse.query(LOADED) == changes(feed)
    assert report.tables[0].schema_changes == ()


def test_rows_with_the_time_of_the_last_one_are_loaded(feed, any_warehouse):
    add_change(feed, 1, "I", MONDAY)
    load_products()
    add_change(feed, 2, "I", MONDAY)
    load_products()
    assert any_warehouse.query(LOADED) == changes(feed)


def test_a_row_that_is_committed_late_is_loaded(feed, any_warehouse):
    add_change(feed, 1, "I", MONDAY)
    load_products()
    add_change(feed, 2, "I", MONDAY - timedelta(hours=23))
    load_products()
    assert any_warehouse.query(LOADED) == changes(feed)


def test_a_row_dated_in_the_future_does_not_hide_the_ones_before(feed, any_warehouse):
    add_change(feed, 1, "I", "2190-01-01 00:00:00+00")
    load_products()
    add_changes(feed, 5)
    load_products()
    assert any_warehouse.query(LOADED) == changes(feed)


def test_a_row_without_a_date_is_loaded(feed, any_warehouse):
    feed.query("ALTER TABLE raw_data.products ALTER valid_ts DROP NOT NULL")
    add_change(feed, 1, "I", MONDAY)
    load_products()
    add_change(feed, 1, "U", None, price="1.00")
    load_products()
    assert any_warehouse.query(LOADED) == changes(feed)
    assert current(any_warehouse) == [(1, Decimal("9.90"))]


def test_a_changed_row_replaces_the_one_with_its_key(feed, any_warehouse):
    add_change(feed, 1, "I", MONDAY)
    load_products()
    feed.query("UPDATE raw_data.products SET price_usd = 5")
    load_products()
    assert any_warehouse.query(LOADED) == changes(feed)


def test_without_a_unique_key_in_the_source_no_row_comes_twice(feed, any_warehouse):
    add_change(feed, 1, "I", MONDAY)
    feed.query("ALTER TABLE raw_data.products DROP CONSTRAINT products_pkey")
    feed.query(
        "INSERT INTO raw_data.products OVERRIDING SYSTEM VALUE"
        " SELECT 1, 1, 'Chair', 2, 'U', valid_ts + interval '1 hour'"
        " FROM raw_data.products"
    )
    load_products()
    load_products()
    newest = [row for row in changes(feed) if row[4] == "U"]
    assert any_warehouse.query(LOADED) == newest


def test_the_current_products_are_those_not_deleted(feed, any_warehouse):
    hour = timedelta(hours=1)
    add_change(feed, 1, "I", MONDAY, price="1")
    add_change(feed, 1, "U", MONDAY + hour, price="2")
    add_change(feed, 2, "I", MONDAY, price="1")
    add_change(feed, 2, "D", MONDAY + hour)
    add_change(feed, 3, "I", MONDAY, price="1")
    add_change(feed, 3, "D", MONDAY)  # at the same time, but later in the feed
    add_change(feed, 4, "D", MONDAY)
    add_change(feed, 4, "I", MONDAY + hour, price="4")  # on sale again
    load_products()
    assert current(any_warehouse) == [(1, Decimal(2)), (4, Decimal(4))]

    # a deleted product stays deleted, even if an older change arrives late
    add_change(feed, 2, "U", MONDAY + hour / 2, price="3")
    add_change(feed, 1, "D", MONDAY + 2 * hour)
    load_products()
    assert current(any_warehouse) == [(4, Decimal(4))]


def test_a_column_that_the_application_drops_is_reported(feed, any_warehouse, caplog):
    add_change(feed, 1, "I", MONDAY)
    load_products()
    feed.query("ALTER TABLE raw_data.products DROP COLUMN price_usd")
    load_products()
    assert "raw_data.products has no column price_usd any more" in caplog.text
    assert len(any_warehouse.query(LOADED)) == 1


def test_a_cursor_that_is_no_time_is_refused(feed, warehouse):
    feed.query("ALTER TABLE raw_data.products ALTER valid_ts TYPE text")
    with pytest.raises(UnexpectedTable, match="Column valid_ts .* of type string"):
        load_products()


def test_a_new_column_is_added_and_reported(feed, any_warehouse):
    add_change(feed, 1, "I", MONDAY)
    load_products()
    feed.query("ALTER TABLE raw_data.products ADD weight real DEFAULT 1.5")
    add_change(feed, 2, "I", MONDAY)

    report = load_products()

    assert report.tables[0].schema_changes == (("new columns", ("weight (double)",)),)
    weights = "SELECT product_id, weight FROM dev_products.current_products ORDER BY 1"
    assert any_warehouse.query(weights) == [(1, 1.5), (2, 1.5)]


def test_a_view_with_other_columns_is_made_anew(feed, postgres_warehouse):
    """Grants on the view are kept."""
    add_change(feed, 1, "I", MONDAY)
    load_products()
    postgres_warehouse.query("""
        DROP VIEW dev_products.current_products;
        CREATE VIEW dev_products.current_products AS
        SELECT price_usd, audit_id AS number FROM dev_products.products;
        GRANT SELECT ON dev_products.current_products TO PUBLIC;
        GRANT SELECT ON dev_products.current_products TO pg_monitor WITH GRANT OPTION
        """)

    load_products()

    assert postgres_warehouse.query("""
        SELECT column_name FROM information_schema.columns
        WHERE table_name = 'current_products' ORDER BY ordinal_position
        """)[0] == ("price_usd",)
    assert current(postgres_warehouse) == [(1, Decimal("9.90"))]
    assert postgres_warehouse.query("""
        SELECT grantee, is_grantable FROM information_schema.table_privileges
        WHERE table_name = 'current_products' AND grantee <> 'postgres' ORDER BY 1
        """) == [("PUBLIC", "NO"), ("pg_monitor", "YES")]


def test_a_view_that_others_depend_on_stays_and_is_named(feed, postgres_warehouse):
    load_products()
    postgres_warehouse.query("""
        DROP VIEW dev_products.current_products;
        CREATE VIEW dev_products.current_products AS SELECT 7 AS number;
        CREATE VIEW public.dashboard AS SELECT * FROM dev_products.current_products
        """)
    with pytest.raises(ViewInUse, match="dashboard depends on view"):
        load_products()
    assert postgres_warehouse.query("SELECT number FROM dashboard") == [(7,)]


def test_a_changed_type_is_refused_and_named(feed, any_warehouse):
    add_change(feed, 1, "I", MONDAY)
    load_products()
    before = any_warehouse.query(LOADED)
    feed.query("ALTER TABLE raw_data.products ALTER product_id TYPE text")

    with pytest.raises(
        TypeChanged, match="product_id of table products arrives as text"
    ):
        load_products()

    assert any_warehouse.query(LOADED) == before


def test_a_fresh_container_goes_on_where_the_last_one_stopped(
    feed, any_warehouse, tmp_path
):
    add_changes(feed, 1_000)
    load_products()
    shutil.rmtree(tmp_path / "pipelines")
    add_change(feed, 1, "I", MONDAY + timedelta(days=9999))

    report = load_products()

    assert report.tables[0].schema_changes == ()
    assert any_warehouse.query(LOADED) == changes(feed)


def test_a_table_dropped_by_hand_is_loaded_anew(feed, any_warehouse):
    for days in range(10):
        add_change(feed, days, "I", MONDAY + timedelta(days=days))
    load_products()
    any_warehouse.query("DROP VIEW dev_products.current_products")
    any_warehouse.query("DROP TABLE dev_products.products")

    assert load_products().rows == 10

    assert any_warehouse.query(LOADED) == changes(feed)
    assert len(current(any_warehouse)) == 10
