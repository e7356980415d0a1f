"""A dataset in PostgreSQL: one run at a time, and no endless wait for a lock."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import psycopg2
import pytest
from dlt.destinations.exceptions import DatabaseUndefinedRelation

import utils.destinations.waiting
from tests.samples.pets import pets, pets_pipeline
from tests.servers.postgres import Database
from utils.destinations.pipelines import pipeline_into
from utils.destinations.postgres import POSTGRES
from utils.destinations.views import View
from utils.destinations.waiting import DestinationHeld
from utils.loading.run import run_pipeline


def test_a_run_waits_for_the_other_to_end(postgres_warehouse, caplog):
    held = threading.Event()

    def hold() -> None:
        with POSTGRES.hold(pets_pipeline()):
            held.set()
            time.sleep(1)

    pipeline = pets_pipeline()
    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    started = time.monotonic()
    run_pipeline(pipeline, pets({"name": "Rex"}))
    other.join()
    assert time.monotonic() - started > 0.9
    assert "The dataset dev_pets is held by process " in caplog.text
    assert postgres_warehouse.query("SELECT name FROM dev_pets.pets") == [("Rex",)]


def test_a_run_that_waits_too_long_names_who_holds_it(postgres_warehouse, monkeypatch):
    monkeypatch.setattr(utils.destinations.waiting, "WAIT_SECONDS", 0.0)
    with POSTGRES.hold(pets_pipeline()):
        with pytest.raises(
            DestinationHeld, match="dev_pets is held by process .*, since 20"
        ):
            run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))


def run_beside(database: Database, statement: str) -> None:
    """Load Tom while a statement of another session is committed a second later."""
    with closing(psycopg2.connect(database.url)) as orphan:
        orphan.cursor().execute(statement)
        soon = threading.Timer(1, orphan.commit)
        soon.start()
        run_pipeline(pets_pipeline(), pets({"name": "Tom"}))
        soon.join()


def test_a_run_waits_for_a_statement_that_a_killed_run_has_left(
    postgres_warehouse, caplog
):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    run_beside(postgres_warehouse, "UPDATE dev_pets.pets SET name = 'Max'")
    assert "The dataset dev_pets is held by process " in caplog.text
    names = postgres_warehouse.query("SELECT name FROM dev_pets.pets ORDER BY name")
    assert names == [("Max",), ("Tom",)]


def test_a_run_waits_for_a_statement_that_fills_the_staging_dataset(
    postgres_warehouse, caplog
):
    """Committed later, its rows would be merged with those of the run."""
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    staged = "INSERT INTO dev_pets_staging.pets (name) VALUES ('Max')"
    run_beside(postgres_warehouse, staged)
    assert "The dataset dev_pets is held by process " in caplog.text
    names = postgres_warehouse.query("SELECT name FROM dev_pets.pets ORDER BY name")
    assert names == [("Rex",), ("Tom",)]


def test_other_datasets_are_free(postgres_warehouse):
    cats = pipeline_into("warehouse", "cats")
    with POSTGRES.hold(cats):
        run_pipeline(pets_pipeline(), pets({"name": "Rex"}))


@pytest.mark.parametrize(
    "options, timeout", [("", "1min"), ("&options=-c%20lock_timeout%3D5s", "5s")]
)
def test_no_lock_is_waited_for_for_ever(
    postgres_warehouse, monkeypatch, options, timeout
):
    url = postgres_warehouse.url + options
    monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", url)
    pipeline = pipeline_into("warehouse", "pets")
    with pipeline.sql_client() as client:
        assert client.execute_sql("SHOW lock_timeout") == [(timeout,)]
        url = client.credentials.to_native_representation()  # ADBC's
    with closing(psycopg2.connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchall() == [(timeout,)]


def test_a_view_that_cannot_be_made_anew_stays(postgres_warehouse):
    """The view is dropped for its other columns, and its replacement fails."""
    pipeline = pets_pipeline()
    run_pipeline(pipeline, pets({"name": "Rex", "legs": 4}))

    def replace_view(column: str, table: str) -> None:
        query = f"SELECT {column} FROM dev_pets.{table}"
        POSTGRES.replace_view(pipeline, View("old_pets", [column], lambda *_: query))

    replace_view("name", "pets")
    with pytest.raises(DatabaseUndefinedRelation):
        replace_view("legs", "no_such_table")
    assert postgres_warehouse.query("SELECT * FROM dev_pets.old_pets") == [("Rex",)]
