"""A table that was dropped by hand comes back with all of its rows; others go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import dlt
import pyarrow as pa
import pytest

from tests.samples.pets import killed_run, pets, pets_pipeline, rows
from tests.servers.duckdb_warehouse import query
from utils.loading.run import run_pipeline

LOADS = "dlt.common.storages.load_storage:LoadStorage"
REX, TOM, ADA = ({"name": name} for name in ("Rex", "Tom", "Ada"))


def two_tables() -> dlt.sources.DltSource:
    """Make a source of two tables, each with the numbers of its runs."""

    def numbered(name: str) -> dlt.sources.DltResource:
        def number():
            state = dlt.current.resource_state()
            state["number"] = state.get("number", 0) + 1
            yield pa.table({"number": [state["number"]]})

        return dlt.resource(number, name=name, write_disposition="append")

    @dlt.source(name="pets")
    def source():
        return numbered("cats"), numbered("dogs")

    return source()


def new_pets(*rows: dict) -> dlt.sources.DltSource:
    """Make a source of the rows that its state has not counted yet."""

    @dlt.resource(primary_key="name", write_disposition="merge")
    def pets():
        state = dlt.current.resource_state()
        before, state["count"] = state.get("count", 0), len(rows)
        if before < len(rows):
            yield pa.Table.from_pylist(list(rows[before:]))

    @dlt.source(name="pets")
    def source():
        return pets

    return source()


def drop(warehouse: Path, table: str) -> None:
    query(warehouse, f"DROP TABLE dev_pets.{table}")


def test_it_is_loaded_from_the_beginning_and_the_others_go_on(warehouse, caplog):
    for _ in range(2):
        run_pipeline(pets_pipeline(), two_tables())
    drop(warehouse, "cats")

    run_pipeline(pets_pipeline(), two_tables())

    assert query(warehouse, "FROM dev_pets.cats ORDER BY 1") == [(1,)]
    assert query(warehouse, "FROM dev_pets.dogs ORDER BY 1") == [(1,), (2,), (3,)]
    assert (
        "Loaded again from the beginning, because a table is gone: cats" in caplog.text
    )


def toys(*names: str) -> dlt.sources.DltSource:
    """Make a source of cats, with a table of their toys, and of dogs, of which none is there."""

    @dlt.resource(primary_key="name", write_disposition="merge")
    def cats():
        yield [{"name": name, "toys": [{"kind": "ball"}]} for name in names]

    @dlt.resource(columns={"name": {"data_type": "text"}})
    def dogs():
        yield []

    @dlt.source(name="pets")
    def source():
        return cats, dogs

    return source()


def test_a_table_of_nested_rows_comes_back_with_its_parents(warehouse):
    run_pipeline(pets_pipeline(), toys("Tom"))
    drop(warehouse, "cats__toys")

    run_pipeline(pets_pipeline(), toys("Tom", "Max"))

    assert query(warehouse, "SELECT name FROM dev_pets.cats ORDER BY 1") == [
        *(("Max",), ("Tom",))
    ]
    toys_of_both = query(warehouse, "SELECT kind FROM dev_pets.cats__toys")
    assert toys_of_both == [("ball",), ("ball",)]


def test_a_table_that_never_had_rows_is_not_missed(warehouse, caplog):
    for _ in range(2):
        run_pipeline(pets_pipeline(), toys("Tom"))
    assert "because a table is gone" not in caplog.text


def test_what_waits_for_a_lost_table_is_not_lost(warehouse):
    run_pipeline(pets_pipeline(), pets(REX))
    killed_run("dlt:Pipeline.normalize", TOM)
    drop(warehouse, "pets")
    run_pipeline(pets_pipeline(), pets(REX, TOM, ADA))
    assert rows(warehouse) == [("Ada",), ("Rex",), ("Tom",)]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["the same", "a fresh"])
@pytest.mark.parametrize(
    "place",
    [
        "dlt:Pipeline.extract",
        f"{LOADS}.commit_schema_update",
        "dlt.common.storages.load_package:PackageStorage.complete_job",
        "dlt:Pipeline.load",
    ],
)
def test_a_reload_that_is_killed_begins_anew(warehouse, tmp_path, place, folder):
    """A table that is there again would not be missed, but the cursor is past its rows."""
    run_pipeline(pets_pipeline(), new_pets(REX, TOM))
    drop(warehouse, "pets")
    killed_run(
        place, REX, TOM, source="tests.utils.loading.test_dropped_tables:new_pets"
    )
    if folder == "a fresh":
        shutil.rmtree(tmp_path / "pipelines")

    run_pipeline(pets_pipeline(), new_pets(REX, TOM))
    run_pipeline(pets_pipeline(), new_pets(REX, TOM, ADA))

    assert rows(warehouse) == [("Ada",), ("Rex",), ("Tom",)]


def test_a_whole_dataset_that_is_lost_is_loaded_anew(warehouse):
    run_pipeline(pets_pipeline(), pets(REX))
    query(warehouse, "DROP SCHEMA dev_pets CASCADE")
    run_pipeline(pets_pipeline(), pets(TOM))
    assert rows(warehouse) == [("Tom",)]
