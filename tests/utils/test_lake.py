"""Loading into a folder: appended and replaced tables, killed runs, fresh containers."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.pets import killed_run, pets, pets_pipeline, runs
from utils.loading import run_pipeline
from utils.replacement import SuspiciouslyFewRows

REX, TOM, ADA = ({"name": name} for name in ("Rex", "Tom", "Ada"))


@pytest.fixture
def lake(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the pipelines of this test load into instead of the warehouse."""
    folder = warehouse.parent / "a lake"
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "filesystem")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", str(folder))
    return folder


def run(*rows: dict, write_disposition: str = "append"):
    return run_pipeline(
        pets_pipeline(), pets(*rows, write_disposition=write_disposition)
    )


def names(lake: Path) -> list[str]:
    files = f"{lake}/dev_pets/pets/*.parquet"
    return [name for (name,) in duckdb.sql(f"FROM '{files}' ORDER BY name").fetchall()]


def test_rows_are_appended_as_files(lake):
    run(REX)
    report = run(TOM, ADA)
    assert names(lake) == ["Ada", "Rex", "Tom"]
    assert (report.rows, report.destination_type) == (2, "filesystem")


def test_a_replaced_table_has_only_the_new_rows(lake):
    run(REX, TOM, write_disposition="replace")
    run(TOM, ADA, write_disposition="replace")
    assert names(lake) == ["Ada", "Tom"]


def test_suspiciously_few_rows_replace_nothing(lake):
    run(REX, TOM, ADA, write_disposition="replace")
    with pytest.raises(SuspiciouslyFewRows, match="1 rows .* replace the 3 of table"):
        run(ADA, write_disposition="replace")
    assert len(names(lake)) == 3


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "place",
    [
        "dlt.destinations.impl.filesystem.filesystem:FilesystemLoadJob.run",
        "dlt.destinations.impl.filesystem.filesystem:FilesystemClient.complete_load",
        "dlt:Pipeline.load",
    ],
)
def test_a_replacement_that_is_killed_never_leaves_an_empty_table(lake, place, when):
    run(REX, TOM, write_disposition="replace")
    killed_run(place, REX, TOM, when=when, write_disposition="replace")
    assert set(names(lake)) == {"Rex", "Tom"}

    run(REX, TOM, ADA, write_disposition="replace")

    assert names(lake) == ["Ada", "Rex", "Tom"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_killed_run_was_appending_is_there_once(lake, when):
    run(REX)
    killed_run(
        "dlt.destinations.impl.filesystem.filesystem:FilesystemLoadJob.run",
        TOM,
        when=when,
        write_disposition="append",
    )
    run(ADA)
    assert names(lake) == ["Ada", "Rex", "Tom"]


def test_a_fresh_container_goes_on_with_the_state_in_the_lake(lake):
    run(REX)
    shutil.rmtree(lake.parent / "pipelines")
    run(TOM)
    assert runs() == 2


def test_a_table_whose_files_are_gone_is_loaded_anew(lake, caplog):
    run(REX)
    shutil.rmtree(lake / "dev_pets" / "pets")
    run(REX)
    assert "Loaded anew, because a table is gone: pets" in caplog.text
    assert (names(lake), runs()) == (["Rex"], 1)
