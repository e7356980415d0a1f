"""products, run against a real Prefect server, a real PostgreSQL and a real warehouse."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from threading import Thread
from typing import Iterator

import psycopg2
import pytest

from flows.products import load, products
from tests.killing.terminated_runs import terminate_runs
from tests.samples.change_feed import (
    COLUMNS,
    add_change,
    add_changes,
    changes,
    create_change_feed,
)
from tests.samples.passwords import everything_told, shows_no_part
from tests.servers.duckdb_warehouse import count, query
from tests.servers.ports import free_port
from tests.servers.postgres import Database, over_tcp
from tests.servers.prefect_api import artifacts_of, descriptions_of, logs_of
from tests.servers.waiting import until


def test_it_loads_the_changes_and_publishes_what_it_loaded(
    prefect_api, application, warehouse
):
    create_change_feed(application, 1_000)
    assert products(return_state=True).is_completed()
    add_changes(application, 10)

    state = products(full_refresh=True, return_state=True)

    assert state.is_completed()
    assert count(warehouse, "dev_products.products") == 1_010
    (table,) = json.loads(
        artifacts_of(state.state_details.flow_run_id)["dev-products-load"]["data"]
    )
    assert (table["table"], table["rows"]) == ("products", "1,010")


def test_a_database_that_is_away_is_tried_again(prefect_api, warehouse, monkeypatch):
    url = f"postgresql://reader:s3cret@127.0.0.1:{free_port()}/shop"
    monkeypatch.setenv("SOURCES__PRODUCTS__CREDENTIALS", url)
    monkeypatch.setattr(load, "retry_delay_seconds", [0, 0, 0])

    state = products(return_state=True)

    assert state.is_failed()
    assert "Connection refused" in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert (
        len([line for line in lines if "Retry" in line and "will start" in line]) == 3
    )
    told = descriptions_of(state.state_details.flow_run_id, "products-progress")
    *tried, last = [each.partition(":")[0] for each in told]
    assert tried == ["Failed, and is tried again"] * 3 and last == "Failed"
    assert all("Connection refused" in each for each in told)
    assert "s3cret" not in "\n".join((*lines, *told))


def test_a_connection_that_breaks_while_rows_arrive_is_tried_again(
    prefect_api, application, warehouse, monkeypatch
):
    create_change_feed(application, 20_000)
    monkeypatch.setattr(load, "retry_delay_seconds", [0, 0, 0])
    with over_tcp(application, cut_after=500_000) as url:
        monkeypatch.setenv("SOURCES__PRODUCTS__CREDENTIALS", url)
        state = products(return_state=True)

    assert state.is_completed(), state.message
    lines = "\n".join(log.message for log in logs_of(state.state_details.flow_run_id))
    assert "the connection was lost while raw_data.products was read" in lines
    assert lines.count("will start") == 1
    assert "PGRES" not in lines.partition("Traceback")[0]
    loaded = f"SELECT {COLUMNS} FROM dev_products.products ORDER BY audit_id"
    assert query(warehouse, loaded) == changes(application)


@contextmanager
def forgotten(database: Database, statement: str) -> Iterator[None]:
    """Hold a transaction open, and roll it back at the second wait for it."""
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE NOT granted AND datname = current_database()"
    )

    def end() -> None:
        until(lambda: database.query(waiting) != [(0,)], "somebody who waits")
        until(lambda: database.query(waiting) == [(0,)], "the end of patience")
        until(lambda: database.query(waiting) != [(0,)], "another attempt")
        connection.rollback()

    with closing(psycopg2.connect(database.url)) as connection:
        connection.cursor().execute(statement)
        ending = Thread(target=end)
        ending.start()
        yield
        ending.join()


def test_a_lock_on_the_application_s_table_is_not_waited_for_in_silence(
    prefect_api, application, any_warehouse, monkeypatch
):
    """Name the application's table, and none of a warehouse that is PostgreSQL, too."""
    create_change_feed(application, 10)
    url = f"{application.url}&options=-c%20lock_timeout%3D300ms"
    monkeypatch.setenv("SOURCES__PRODUCTS__CREDENTIALS", url)
    monkeypatch.setattr(load, "retry_delay_seconds", [1, 1, 1])

    with forgotten(application, "ALTER TABLE raw_data.products ADD weight int"):
        state = products(return_state=True)

    assert state.is_completed(), state.message
    lines = "\n".join(log.message for log in logs_of(state.state_details.flow_run_id))
    assert "Another session locks raw_data.products, by an ALTER TABLE" in lines
    assert "pg_locks and pg_stat_activity tell which. Nothing was loaded" in lines
    assert "in the destination" not in lines
    loaded = "SELECT count(*) FROM dev_products.products"
    assert any_warehouse.query(loaded) == [(10,)]


@pytest.mark.parametrize("relation", ["products", "current_products"])
def test_a_lock_in_the_warehouse_is_not_waited_for_in_silence(
    prefect_api, feed, postgres_warehouse, monkeypatch, relation
):
    """A reader that has not committed blocks the new column of a table."""
    add_changes(feed, 10)
    assert products(return_state=True).is_completed()
    if relation == "products":
        feed.query("ALTER TABLE raw_data.products ADD weight int")
    url = f"{postgres_warehouse.url}&options=-c%20lock_timeout%3D300ms"
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", url)
    monkeypatch.setattr(load, "retry_delay_seconds", [1, 1, 1])

    reads = f"SELECT FROM dev_products.{relation}"
    with forgotten(postgres_warehouse, reads):
        state = products(return_state=True)

    assert state.is_completed(), state.message
    lines = "\n".join(log.message for log in logs_of(state.state_details.flow_run_id))
    assert "Another session locks a table of dev_products in the destination" in lines
    assert f"{relation} by process" in lines and "idle in transaction since" in lines
    loaded = f"SELECT {COLUMNS} FROM dev_products.products ORDER BY audit_id"
    assert postgres_warehouse.query(loaded) == changes(feed)


@pytest.mark.parametrize(
    "setting", ["SOURCES__PRODUCTS__CREDENTIALS", "DESTINATION__WAREHOUSE__CREDENTIALS"]
)
@pytest.mark.parametrize(
    "password", ["zq7@xk9#vj3%wb5", "zq7@xk9/vj3?a", "zq7@xk9:vj3"]
)
def test_no_part_of_a_password_is_shown(
    prefect_api, postgres_warehouse, application, monkeypatch, setting, password
):
    url = f"postgresql://reader:{password}@127.0.0.1:{free_port()}/shop"
    monkeypatch.setenv(setting, url)
    monkeypatch.setattr(load, "retry_delay_seconds", [0, 0, 0])

    state = products(return_state=True)

    assert state.is_failed()
    name = setting.lower().replace("__", ".")
    assert name in state.message
    assert "@ as %40, / as %2F, % as %25. Or leave it out there, and give" in (
        state.message
    )
    assert f"in {setting}__PASSWORD. It comes from {setting}: fix" in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert not any("Retry" in line for line in lines)
    error = state.result(raise_on_failure=False)
    assert shows_no_part("\n".join((*lines, state.message, everything_told(error))))


def test_without_credentials_it_says_which_and_where(prefect_api, warehouse):
    state = products(return_state=True)
    assert state.is_failed()
    assert (
        "sources.products.credentials lacks database, password, username, host. Nothing"
        " was loaded. Looked for in the environment"
        " (SOURCES__PRODUCTS__CREDENTIALS__DATABASE and so on) and .dlt/secrets.toml"
        " ([sources.products.credentials])." in state.message
    )
    run = state.state_details.flow_run_id
    lines = "\n".join(log.message for log in logs_of(run))
    assert lines.count("sources.products.credentials lacks") == 1
    progress = artifacts_of(run)["products-progress"]
    assert progress["description"].startswith(
        "Failed: sources.products.credentials lacks database, password, username, host."
    )


@pytest.mark.slow
def test_a_run_that_is_terminated_does_not_complete(prefect_api, application, tmp_path):
    found = terminate_runs(application, tmp_path, prefect_api, rounds=2, seed=3)
    assert set(found) <= {"CRASHED", "CANCELLED", "COMPLETED"}
    assert found["COMPLETED"] < 2


def test_no_column_of_the_application_is_in_the_view_s_way(
    prefect_api, feed, any_warehouse
):
    for hour, name in enumerate(("Stool", "Chair")):
        add_change(feed, 1, "U", f"2026-03-02 1{hour}:00:00+00", name=name)
    add_change(feed, 2, "I", "2026-03-02 10:00:00+00", name="Table")
    current = (
        "SELECT product_name FROM dev_products.current_products ORDER BY product_id"
    )
    # 1 would be the newest row's number, were it taken for it
    columns = (
        "recency",
        '"Recency_"',
        "changes",
        "products",
        '"order"',
        '"OPERATION S"',
    )
    feed.query(
        "ALTER TABLE raw_data.products "
        + ", ".join(f"ADD {column} int DEFAULT 2" for column in columns)
    )
    feed.query("UPDATE raw_data.products SET recency = 1 WHERE product_name = 'Stool'")
    assert products(return_state=True).is_completed()
    assert any_warehouse.query(current) == [("Chair",), ("Table",)]

    feed.query("ALTER TABLE raw_data.products DROP recency, ADD recency_2 text")
    feed.query("ALTER TABLE raw_data.products RENAME price_usd TO price")
    assert products(full_refresh=True, return_state=True).is_completed()
    assert any_warehouse.query(current) == [("Chair",), ("Table",)]
