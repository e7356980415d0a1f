"""Loading into a folder and a bucket: appended and replaced tables, killed runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest

from tests.samples.pets import killed_run, pets, pets_pipeline, runs
from utils.destinations.filesystem import MissingBucket, load_id, read_columns
from utils.loading.replacement import SuspiciouslyFewRows
from utils.loading.run import run_pipeline

pytestmark = pytest.mark.slow

REX, TOM, ADA = ({"name": name} for name in ("Rex", "Tom", "Ada"))


@dataclass(frozen=True)
class Lake:
    """Lake that the pipelines of a test load into instead of the warehouse."""

    address: str

    def names(self) -> list[str]:
        """Return the pets' names from all files of their table."""
        files, folder = fsspec.core.url_to_fs(f"{self.address}/dev_pets/pets")
        files.invalidate_cache()
        found = [pq.read_table(files.open(path)) for path in files.ls(folder, False)]
        return sorted(name for table in found for name in table["name"].to_pylist())

    def remove_pets(self) -> None:
        files, folder = fsspec.core.url_to_fs(f"{self.address}/dev_pets/pets")
        files.rm(folder, recursive=True)


@pytest.fixture(params=["folder", "bucket"])
def lake(
    request: pytest.FixtureRequest, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> Lake:
    if request.param == "folder":
        lake = Lake(str(warehouse.parent / "a lake"))
    else:
        lake = Lake(request.getfixturevalue("aws").new_bucket("a-lake"))
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "filesystem")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", lake.address)
    return lake


def run(*rows: dict, write_disposition: str = "append"):
    return run_pipeline(
        pets_pipeline(), pets(*rows, write_disposition=write_disposition)
    )


def test_rows_are_appended_as_files(lake):
    run(REX)
    report = run(TOM, ADA)
    assert lake.names() == ["Ada", "Rex", "Tom"]
    assert (report.rows, report.destination_type) == (2, "filesystem")


def test_a_replaced_table_has_only_the_new_rows(lake):
    run(REX, TOM, write_disposition="replace")
    run(TOM, ADA, write_disposition="replace")
    assert lake.names() == ["Ada", "Tom"]


def test_suspiciously_few_rows_replace_nothing(lake):
    run(REX, TOM, ADA, write_disposition="replace")
    with pytest.raises(SuspiciouslyFewRows, match="1 rows .* replace the 3 of table"):
        run(ADA, write_disposition="replace")
    assert len(lake.names()) == 3


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
    assert set(lake.names()) == {"Rex", "Tom"}

    run(REX, TOM, ADA, write_disposition="replace")

    assert lake.names() == ["Ada", "Rex", "Tom"]


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
    assert lake.names() == ["Ada", "Rex", "Tom"]


def test_a_fresh_container_goes_on_with_the_state_in_the_lake(lake, warehouse):
    run(REX)
    shutil.rmtree(warehouse.parent / "pipelines")
    run(TOM)
    assert runs() == 2


def test_files_that_were_moved_away_do_not_come_back(lake):
    """Unlike a database's table: whoever takes files may remove them."""
    run(REX)
    lake.remove_pets()
    run(TOM)
    assert (lake.names(), runs()) == (["Tom"], 2)


@pytest.mark.parametrize("write_disposition", ["append", "replace"])
def test_a_first_run_that_is_killed_does_not_stop_the_next(
    lake, warehouse, write_disposition
):
    killed_run(
        "dlt.destinations.impl.filesystem.filesystem:FilesystemLoadJob.run",
        REX,
        when="before",
        write_disposition=write_disposition,
    )
    shutil.rmtree(warehouse.parent / "pipelines")
    run(REX, write_disposition=write_disposition)
    assert lake.names() == ["Rex"]


def test_a_replacement_that_left_the_old_files_is_finished_by_the_next(lake):
    run(REX, TOM, write_disposition="replace")
    killed_run(
        "dlt.destinations.impl.filesystem.filesystem:FilesystemClient.complete_load",
        *(REX, TOM),
        write_disposition="replace",
    )
    assert len(lake.names()) == 4
    run(REX, write_disposition="replace")
    assert lake.names() == ["Rex"]


def test_a_bucket_that_is_not_there_is_not_made(aws, warehouse, monkeypatch):
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "filesystem")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", "s3://mistyped")
    with pytest.raises(MissingBucket, match="There is no bucket mistyped"):
        run(REX)
    assert aws.client("s3").list_buckets()["Buckets"] == []


def test_a_table_has_no_rows_before_its_first_load(lake):
    assert read_columns(pets_pipeline(), "pets", ["name"]).to_pylist() == []


def test_a_torn_file_is_left_out(lake, caplog):
    report = run({"name": "Rex", "legs": 4})
    files, folder = fsspec.core.url_to_fs(f"{lake.address}/dev_pets/pets")
    files.invalidate_cache()
    (file,) = files.ls(folder, False)
    assert load_id(file) == report.load_ids[0]
    files.pipe(f"{folder}/{load_id(file)}.torn.parquet", b"PAR1")

    assert read_columns(pets_pipeline(), "pets", ["name"]).to_pylist() == [REX]
    assert "torn.parquet cannot be read" in caplog.text
