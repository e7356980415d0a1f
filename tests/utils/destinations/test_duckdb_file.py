"""A DuckDB warehouse that another process holds."""

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

import utils.destinations.duckdb_file
from utils.destinations.duckdb_file import WarehouseFileError, hold_duckdb_file


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
    return dlt.pipeline(
        "pets", destination=dlt.destination("warehouse"), dataset_name="pets"
    )


def test_the_error_names_the_file_and_its_holder(pipeline, warehouse, monkeypatch):
    monkeypatch.setattr(utils.destinations.duckdb_file, "WAIT_SECONDS", 1.0)
    with held_by_another_process(warehouse, seconds=60) as pid:
        with pytest.raises(WarehouseFileError) as error:
            with hold_duckdb_file(pipeline):
                pass
    assert str(warehouse) in str(error.value)
    assert f"PID {pid}" in str(error.value)


def test_it_waits_for_the_holder_and_says_so(pipeline, warehouse, caplog):
    with held_by_another_process(warehouse, seconds=2) as pid:
        with caplog.at_level(logging.WARNING), hold_duckdb_file(pipeline):
            pass
    assert [f"PID {pid}" in record.message for record in caplog.records] == [True]


def test_nobody_comes_between(pipeline, warehouse):
    with hold_duckdb_file(pipeline):
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
        with hold_duckdb_file(pipeline):
            pass


def test_other_destinations_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINES_DIR", str(tmp_path / "pipelines"))
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "filesystem")
    pipeline = dlt.pipeline(
        "pets", destination=dlt.destination("warehouse"), dataset_name="pets"
    )
    with hold_duckdb_file(pipeline):
        pass
