"""A killed run's packages are finished if they are whole and fit, else read again."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any, Callable

import dlt
import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from tests.samples.pets import UPSERT, killed_run, pets, pets_pipeline, rows, runs
from tests.servers.duckdb_warehouse import load_into, query
from utils.loading import recovery
from utils.loading.run import run_pipeline

pytestmark = pytest.mark.slow

REX, TOM, ADA = ({"name": name, "legs": 4} for name in ("Rex", "Tom", "Ada"))
STORAGE = "dlt.common.storages.load_package:PackageStorage"
LOADS = "dlt.common.storages.load_storage:LoadStorage"
COMPLETE = "dlt.load.load:Load.complete_package"
DISPOSITIONS = {"upsert": UPSERT, "replace": "replace"}
EVERYONE = [("Ada", 4), ("Rex", 4), ("Tom", 4)]


def run(*pets_: dict, **options) -> None:
    run_pipeline(pets_pipeline(), pets(*pets_, **options))


PLACES = pytest.mark.parametrize(
    "place, when",
    [
        ("dlt:Pipeline.extract", "after"),
        # the folders of dlt's load storage are half made
        ("dlt.common.storages.file_storage:FileStorage.create_folder", "after"),
        (f"{LOADS}.commit_new_load_package", "after"),
        ("dlt:Pipeline.normalize", "after"),
        (f"{LOADS}.commit_schema_update", "before"),
        (f"{LOADS}.commit_schema_update", "after"),
        # dlt alone puts the rows of a job whose commit it has not noted into the staging
        # table a second time
        (f"{STORAGE}.save_pending_transition", "before"),
        (f"{STORAGE}.save_pending_transition", "after"),
        (f"{STORAGE}.complete_job", "after"),
        (COMPLETE, "before"),
        (f"{LOADS}.complete_load_package", "before"),
        ("dlt:Pipeline.load", "after"),
    ],
)


def run_killed_at(place: str, when: str, disposition: Any) -> None:
    """Kill a run at a job of the table, not of dlt's state; at the first folder, not the last."""
    only = "'pets" if place.startswith(STORAGE) else ""
    if place.endswith("create_folder"):
        only = "'new'"
    killed_run(place, REX, TOM, when=when, only=only, write_disposition=disposition)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Function that makes one run with this disposition, and returns its folder."""

    @cache
    def run_once(disposition: str) -> Path:
        folder = tmp_path_factory.mktemp(f"first-{disposition}")
        with pytest.MonkeyPatch.context() as patch:
            load_into(folder, patch)
            run(REX, write_disposition=DISPOSITIONS[disposition])
        return folder

    return run_once


@PLACES
@pytest.mark.parametrize("name", DISPOSITIONS)
def test_whatever_the_moment_nothing_is_lost_or_doubled(
    first_run, warehouse, place, when, name
):
    shutil.copytree(first_run(name), warehouse.parent, dirs_exist_ok=True)
    disposition = DISPOSITIONS[name]
    run_killed_at(place, when, disposition)

    run(REX, TOM, ADA, write_disposition=disposition)

    assert rows(warehouse) == EVERYONE


@PLACES
@pytest.mark.parametrize("disposition", DISPOSITIONS.values(), ids=DISPOSITIONS)
def test_a_killed_first_run_is_no_problem(warehouse, place, when, disposition):
    run_killed_at(place, when, disposition)
    run(REX, TOM, ADA, write_disposition=disposition)
    assert rows(warehouse) == EVERYONE


@pytest.mark.parametrize("folder", ["extracted", "normalized"])
def test_a_torn_package_is_read_again(warehouse, tmp_path, folder, caplog):
    run(REX)
    killed_run(
        f"dlt:Pipeline.{'extract' if folder == 'extracted' else 'normalize'}", TOM
    )
    (file,) = (tmp_path / "pipelines").glob(f"**/{folder}/**/pets.*.parquet")
    file.write_bytes(file.read_bytes()[:100])
    run(REX, TOM, ADA)
    assert rows(warehouse) == EVERYONE
    assert "What an interrupted run left is read again: " in caplog.text


def test_what_is_appended_is_finished_not_repeated(warehouse):
    run(REX, write_disposition="append")
    killed_run(COMPLETE, TOM, when="before", write_disposition="append")
    run(ADA, write_disposition="append")
    assert rows(warehouse) == EVERYONE


def test_what_was_appended_and_cannot_be_finished_is_not_read_again(warehouse):
    """Reading it again would append a second time what was sent."""
    run(REX, write_disposition="append")
    killed_run(COMPLETE, TOM, when="before", write_disposition="append")
    loads = "ALTER TABLE dev_pets._dlt_loads"
    query(warehouse, f"{loads} DROP COLUMN schema_version_hash")

    with pytest.raises(PipelineStepFailed):
        run(TOM, write_disposition="append")

    assert rows(warehouse) == [("Rex", 4), ("Tom", 4)]
    query(warehouse, f"{loads} ADD COLUMN schema_version_hash VARCHAR")
    run(ADA, write_disposition="append")
    assert rows(warehouse) == EVERYONE


def cats_and_dogs(*rows: dict) -> dlt.sources.DltSource:
    """Make a source that appends cats and merges dogs, those it has not counted yet."""

    def table(name: str, disposition: Any) -> dlt.sources.DltResource:
        def new():
            state = dlt.current.resource_state()
            before, state["count"] = state.get("count", 0), len(rows)
            yield pa.Table.from_pylist(list(rows[before:]))

        return dlt.resource(
            new, name=name, primary_key="name", write_disposition=disposition
        )

    @dlt.source(name="pets")
    def source():
        return table("cats", "append"), table("dogs", UPSERT)

    return source()


def test_what_is_appended_beside_a_merge_is_finished_not_repeated(warehouse):
    run_pipeline(pets_pipeline(), cats_and_dogs(REX))
    killed_run(
        COMPLETE,
        *(REX, TOM),
        when="before",
        source="tests.utils.loading.test_recovery:cats_and_dogs",
    )
    run_pipeline(pets_pipeline(), cats_and_dogs(REX, TOM, ADA))
    for table in ("cats", "dogs"):
        assert query(warehouse, f"FROM dev_pets.{table} ORDER BY ALL") == EVERYONE


def test_a_package_that_others_have_overtaken_is_dropped(warehouse, tmp_path):
    """Newer rows came from another container since."""
    run(REX)
    killed_run("dlt:Pipeline.extract", {"name": "Tom", "legs": 3})
    shutil.move(tmp_path / "pipelines", tmp_path / "old")
    run(TOM)
    shutil.rmtree(tmp_path / "pipelines")
    shutil.move(tmp_path / "old", tmp_path / "pipelines")

    run(ADA)

    assert rows(warehouse) == EVERYONE
    assert runs() == 3


def test_a_warehouse_restored_from_a_backup_has_the_last_word(warehouse, tmp_path):
    run(REX)
    shutil.copy(warehouse, tmp_path / "backup")
    run(TOM)
    shutil.copy(tmp_path / "backup", warehouse)

    run(ADA)

    assert rows(warehouse) == [("Ada", 4), ("Rex", 4)]
    assert runs() == 2


@pytest.mark.parametrize(
    "place, when, why",
    [
        (f"{LOADS}.commit_new_load_package", "after", "it was just being normalized"),
        (COMPLETE, "before", "a part of it was sent"),
    ],
)
def test_it_says_what_it_reads_again(warehouse, caplog, place, when, why):
    run(REX)
    killed_run(place, TOM, when=when)
    run(TOM)
    assert f"is read again, because {why}: load package" in caplog.text


def test_a_run_that_ends_while_it_empties_the_folder_leaves_no_part_of_a_package(
    warehouse, monkeypatch
):
    run(REX)
    killed_run("dlt:Pipeline.normalize", TOM)

    def half_of_it(pipeline: dlt.Pipeline) -> None:
        (file,) = Path(pipeline.working_dir).glob("**/normalized/**/pets.*.parquet")
        file.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "drop_working_folder", half_of_it)
        with pytest.raises(KeyboardInterrupt):
            recovery.start_from_destination(pets_pipeline())

    run(TOM, ADA)
    assert rows(warehouse) == EVERYONE
    assert runs() == 2
