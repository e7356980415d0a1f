"""Two runs into one dataset of PostgreSQL: one after the other."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import psycopg2
import pytest

import utils.destinations.postgres_dataset
from tests.samples.pets import pets, pets_pipeline
from utils.destinations.postgres_dataset import DatasetHeld, hold_postgres_dataset
from utils.loading.run import run_pipeline


def test_a_run_waits_for_the_other_to_end(postgres_warehouse, caplog):
    held = threading.Event()

    def hold() -> None:
        with hold_postgres_dataset(pets_pipeline()):
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
    assert "Another run loads into dev_pets: process " in caplog.text
    assert postgres_warehouse.query("SELECT name FROM dev_pets.pets") == [("Rex",)]


def test_a_run_that_waits_too_long_names_who_holds_it(postgres_warehouse, monkeypatch):
    monkeypatch.setattr(utils.destinations.postgres_dataset, "WAIT_SECONDS", 0.0)
    with hold_postgres_dataset(pets_pipeline()):
        with pytest.raises(
            DatasetHeld, match="into dev_pets, .* s: process .* since 20"
        ):
            run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))


def test_a_run_waits_for_a_statement_that_a_killed_run_has_left(
    postgres_warehouse, caplog
):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    with closing(psycopg2.connect(postgres_warehouse.url)) as orphan:
        orphan.cursor().execute("UPDATE dev_pets.pets SET name = 'Max'")
        soon = threading.Timer(1, orphan.commit)
        soon.start()
        run_pipeline(pets_pipeline(), pets({"name": "Tom"}))
        soon.join()
    assert "Another run loads into dev_pets: process " in caplog.text
    names = postgres_warehouse.query("SELECT name FROM dev_pets.pets ORDER BY name")
    assert names == [("Max",), ("Tom",)]


def test_other_datasets_are_free(postgres_warehouse):
    import dlt

    cats = dlt.pipeline(
        "cats", destination=dlt.destination("warehouse"), dataset_name="cats"
    )
    with hold_postgres_dataset(cats):
        run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
