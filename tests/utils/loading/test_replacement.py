"""A replacement by suspiciously few rows is refused, and leaves nothing behind."""

from __future__ import annotations

import dlt
import pyarrow as pa
import pytest
from dlt.destinations.sql_jobs import SqlStagingReplaceFollowupJob
from dlt.pipeline.exceptions import PipelineStepFailed

from tests.samples.pets import killed_run, pets, pets_pipeline, rows
from tests.servers.duckdb_warehouse import query
from utils.loading.replacement import SuspiciouslyFewRows
from utils.loading.run import run_pipeline

NAMES = ("Ada", "Max", "Rex", "Tom")


def replace_by(*names: str) -> None:
    source = pets(*({"name": name} for name in names), write_disposition="replace")
    run_pipeline(pets_pipeline(), source)


def test_half_of_the_rows_is_enough(warehouse):
    replace_by(*NAMES)
    replace_by("Ada", "Max")
    assert rows(warehouse) == [("Ada",), ("Max",)]


def test_fewer_are_refused(warehouse):
    replace_by(*NAMES)
    with pytest.raises(SuspiciouslyFewRows) as error:
        replace_by("Ada")
    assert str(error.value) == (
        "1 rows were fetched to replace the 4 of table pets: fewer than 50%. Nothing was"
        " replaced. If that is right, run it once more with"
        " LOADING__SMALLEST_REPLACEMENT=0 in the environment."
    )
    assert len(rows(warehouse)) == 4


def test_none_are_refused(warehouse):
    replace_by(*NAMES)
    source = pets({"name": "nobody"}, write_disposition="replace")
    source.pets.add_map(lambda table: table.slice(0, 0))
    with pytest.raises(SuspiciouslyFewRows, match="^0 rows were fetched"):
        run_pipeline(pets_pipeline(), source)
    source = pets(write_disposition="replace")
    source.pets.add_map(lambda table: None)
    with pytest.raises(SuspiciouslyFewRows, match="^0 rows were fetched"):
        run_pipeline(pets_pipeline(), source)
    assert len(rows(warehouse)) == 4


def test_a_replacement_that_fails_halfway_leaves_the_table_as_it_was(
    any_warehouse, monkeypatch
):
    """The rows are deleted and the new ones inserted in one transaction."""
    replace_by(*NAMES)
    generate = SqlStagingReplaceFollowupJob.generate_sql

    def then_fail(*args, **kwargs):
        delete, insert = generate(*args, **kwargs)
        return [delete, insert.replace("pets_staging", "no_such_dataset")]

    monkeypatch.setattr(SqlStagingReplaceFollowupJob, "generate_sql", then_fail)
    with pytest.raises(PipelineStepFailed, match="no_such_dataset"):
        replace_by(*NAMES)
    found = any_warehouse.query("SELECT name FROM dev_pets.pets ORDER BY name")
    assert [name for (name,) in found] == sorted(NAMES)


def test_a_new_table_beside_it_leaves_a_known_one_staged(warehouse):
    """Rows that went straight into the known table would find it empty first."""

    def replace(*tables: str) -> None:
        rows = pa.table({"name": NAMES})
        resources = [
            dlt.resource(rows, name=name, write_disposition="replace")
            for name in tables
        ]
        run_pipeline(pets_pipeline(), dlt.source(lambda: resources, name="pets")())

    replace("cats")
    replace("cats", "dogs")
    staged = query(
        warehouse,
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'dev_pets_staging'",
    )
    assert ("cats",) in staged


def test_after_a_refusal_the_next_run_goes_on(warehouse):
    replace_by(*NAMES)
    with pytest.raises(SuspiciouslyFewRows):
        replace_by("Ada")
    replace_by(*NAMES, "Zoe")
    assert len(rows(warehouse)) == 5


def test_a_killed_run_does_not_smuggle_few_rows_in(warehouse, caplog):
    replace_by(*NAMES)
    killed_run("dlt:Pipeline.normalize", {"name": "Ada"}, write_disposition="replace")
    replace_by(*NAMES)
    assert len(rows(warehouse)) == 4
    assert "What an interrupted run left is read again: 1 rows were" in caplog.text


def test_the_share_is_a_setting(warehouse, monkeypatch):
    replace_by(*NAMES)
    monkeypatch.setenv("LOADING__SMALLEST_REPLACEMENT", "0.2")
    replace_by("Ada")
    assert rows(warehouse) == [("Ada",)]
