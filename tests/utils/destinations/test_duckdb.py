"""A DuckDB warehouse: held by another process, loaded within a memory limit."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import dlt
import duckdb
import pytest

import utils.destinations.duckdb
import utils.destinations.waiting
from tests.samples.pets import UPSERT, pets, pets_pipeline
from tests.servers.duckdb_warehouse import query
from utils.destinations.duckdb import DUCKDB, WarehouseFileError
from utils.destinations.pipelines import pipeline_into
from utils.destinations.waiting import DestinationHeld
from utils.loading.run import run_pipeline

TEXT = "x" * 20_000_000


@contextmanager
def held_by_another_process(file: Path, seconds: float) -> Iterator[int]:
    """A process that opens the file, and lets it go after some time; yields its PID."""
    script = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]);"
        "print('held', flush=True); time.sleep(float(sys.argv[2]))"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(file), str(seconds)], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        yield holder.pid
    finally:
        holder.kill()
        holder.communicate()


@pytest.fixture
def pipeline(warehouse: Path) -> dlt.Pipeline:
    return pipeline_into("warehouse", "pets")


def test_the_error_names_the_file_and_its_holder(pipeline, warehouse, monkeypatch):
    monkeypatch.setattr(utils.destinations.waiting, "WAIT_SECONDS", 0.5)
    with held_by_another_process(warehouse, seconds=60) as pid:
        with pytest.raises(DestinationHeld) as error:
            with DUCKDB.hold(pipeline):
                pass
    assert str(warehouse) in str(error.value)
    assert f"PID {pid}" in str(error.value)


def test_it_waits_for_the_holder_and_says_so(pipeline, warehouse, caplog):
    with held_by_another_process(warehouse, seconds=2) as pid:
        with caplog.at_level(logging.WARNING), DUCKDB.hold(pipeline):
            pass
    assert [f"PID {pid}" in record.message for record in caplog.records] == [True]


def test_nobody_comes_between(pipeline, warehouse):
    with DUCKDB.hold(pipeline):
        duckdb.connect(str(warehouse)).close()  # our own process may
        other = subprocess.run(
            [sys.executable, "-c", f"import duckdb; duckdb.connect(r'{warehouse}')"],
            capture_output=True,
        )
        assert b"Conflicting lock" in other.stderr
    with held_by_another_process(warehouse, seconds=0):
        pass  # and afterwards the file is free


def test_another_trouble_is_not_waited_for(pipeline, warehouse):
    warehouse.write_bytes(b"this is not a database" * 1000)
    with pytest.raises(WarehouseFileError, match="cannot be opened: .* not a valid"):
        with DUCKDB.hold(pipeline):
            pass


@pytest.mark.parametrize("disposition", ["append", "replace", UPSERT])
def test_what_needs_more_memory_gets_it(warehouse, monkeypatch, disposition):
    monkeypatch.setattr(utils.destinations.duckdb, "MEMORY_LIMIT", "10MB")
    source = pets(
        *({"name": str(number), "text": TEXT} for number in range(3)),
        write_disposition=disposition,
    )
    run_pipeline(pets_pipeline(), source)
    lengths = "SELECT DISTINCT length(text), count(*) OVER () FROM dev_pets.pets"
    assert query(warehouse, lengths) == [(20_000_000, 3)]


def test_a_load_is_limited_and_a_merge_is_not(warehouse, monkeypatch):
    limits: list[str] = []

    def look(pipeline):
        with pipeline.sql_client() as client:
            with client.execute_query("SELECT current_setting('memory_limit')") as rows:
                limits.append(rows.fetchone()[0])
        return load(pipeline)

    load = dlt.Pipeline.load
    monkeypatch.setattr(dlt.Pipeline, "load", look)
    for disposition in ("append", UPSERT):
        run_pipeline(
            pets_pipeline(), pets({"name": "Rex"}, write_disposition=disposition)
        )
    assert limits[0] == "106.8 MiB"
    assert limits[1].endswith("GiB")
