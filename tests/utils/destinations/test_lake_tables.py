"""Columns of the lake's tables, read from whole files alone."""

from __future__ import annotations

import pytest

from tests.samples.pets import pets, pets_pipeline
from utils.destinations.lake_tables import load_id, read_columns
from utils.loading.run import run_pipeline


@pytest.fixture
def lake(warehouse, monkeypatch):
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "filesystem")
    folder = warehouse.parent / "lake"
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", str(folder))
    return folder


def test_a_table_has_no_rows_before_its_first_load(lake):
    assert read_columns(pets_pipeline(), "pets", ["name"]).to_pylist() == []


def test_a_torn_file_is_left_out(lake, caplog):
    report = run_pipeline(
        pets_pipeline(), pets({"name": "Rex", "legs": 4}, write_disposition="append")
    )
    (file,) = (lake / "dev_pets" / "pets").iterdir()
    assert load_id(str(file)) == report.load_ids[0]
    file.with_name(f"{load_id(str(file))}.torn.parquet").write_bytes(b"PAR1")

    assert read_columns(pets_pipeline(), "pets", ["name"]).to_pylist() == [
        {"name": "Rex"}
    ]
    assert "torn.parquet cannot be read" in caplog.text
