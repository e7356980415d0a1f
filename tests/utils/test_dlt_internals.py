"""Each hold on dlt's insides still has its effect, and says so when it is gone."""

from __future__ import annotations

from typing import Iterator

import dlt
import pyarrow as pa
import pytest
from adbc_driver_manager.dbapi import Cursor
from dlt.common.runtime import run_context
from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob

from tests.samples.pets import pets, pets_pipeline
from utils import dlt_internals
from utils.dlt_internals import DltChanged, drop_working_folder
from utils.loading.run import run_pipeline

ROWS_OF_A_GROUP = 6_000
"""More than dlt buffers, so that it writes a group for each table."""


def test_dlt_writes_nothing_into_its_global_directory(warehouse, tmp_path, monkeypatch):
    monkeypatch.setattr(run_context.active(), "_global_dir", str(tmp_path / "global"))
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    assert not (tmp_path / "global").exists()


def test_postgresql_gets_one_row_group_at_a_time(postgres_warehouse, monkeypatch):
    ingested: list[int] = []
    ingest = Cursor.adbc_ingest

    def observed(cursor, table_name, data, *args, **kwargs) -> int:
        rows = ingest(cursor, table_name, data, *args, **kwargs)
        if table_name == "numbers":
            ingested.append(rows)
        return rows

    @dlt.resource(write_disposition="append")
    def numbers() -> Iterator[pa.Table]:
        for start in range(0, 3 * ROWS_OF_A_GROUP, ROWS_OF_A_GROUP):
            yield pa.table({"number": range(start, start + ROWS_OF_A_GROUP)})

    monkeypatch.setattr(Cursor, "adbc_ingest", observed)
    run_pipeline(pets_pipeline(), dlt.source(lambda: numbers, name="pets")())

    assert ingested == [ROWS_OF_A_GROUP] * 3
    found = postgres_warehouse.query("SELECT count(*) FROM dev_pets.numbers")
    assert found == [(3 * ROWS_OF_A_GROUP,)]


def test_a_dropped_working_folder_leaves_the_dataset_its_name(warehouse):
    pipeline = pets_pipeline()
    run_pipeline(pipeline, pets({"name": "Rex"}))
    drop_working_folder(pipeline)
    assert pipeline.dataset_name == "dev_pets"
    assert pipeline.config.dataset_name_layout == "dev_%s"
    assert pipeline.list_extracted_load_packages() == []
    pipeline.sync_destination()
    assert pipeline.state["sources"]["pets"]


def test_an_internal_that_is_gone_is_named(monkeypatch):
    monkeypatch.delattr(
        "dlt.destinations._adbc_jobs.AdbcParquetCopyJob._ingest_per_rowgroup"
    )
    monkeypatch.delattr(PostgresParquetCopyJob, "_ingest_per_rowgroup", raising=False)
    with pytest.raises(DltChanged) as error:
        dlt_internals.send_row_groups_to_postgres()
    message = str(error.value)
    assert f"dlt {dlt.__version__} has no _ingest_per_rowgroup" in message
    assert "built with dlt 1.31" in message
    assert "utils/dlt_internals.py" in message
