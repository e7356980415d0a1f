"""Files in the lake: whole, or not there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from utils.export.lake_files import LakeError, lake_folder

LARGE = 20_000_000  # more than one part of an upload
NAME = "dev_pets/cats/cats.csv"


def write(content: bytes, name: str = "cats/cats.csv") -> None:
    with lake_folder("pets").whole_file(name) as file:
        file.write(content)


@pytest.mark.parametrize("size", [0, 10, LARGE])
def test_a_file_is_seen_when_it_is_whole(any_lake, size):
    with lake_folder("pets").whole_file("cats/cats.csv") as file:
        for begin in range(0, size, 1_000_000):
            file.write(b"x" * min(1_000_000, size - begin))
            assert any_lake.files() == {}
        assert any_lake.files() == {}
    assert any_lake.files() == {NAME: b"x" * size}
    assert any_lake.unfinished() == []


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_file_of_before(any_lake, size, interruption):
    write(b"old")
    with pytest.raises(interruption):
        with lake_folder("pets").whole_file("cats/cats.csv") as file:
            file.write(b"x" * size)
            raise interruption
    assert any_lake.files() == {NAME: b"old"}
    assert any_lake.unfinished() == []
    write(b"new")
    assert any_lake.files() == {NAME: b"new"}


def test_its_address_is_where_people_find_it(any_lake):
    address = lake_folder("pets").address("cats/cats.csv")
    assert address == f"{any_lake.address}/{NAME}"


def test_production_has_names_of_its_own(any_lake, monkeypatch):
    monkeypatch.setenv("DATASET_NAME_LAYOUT", "%s")
    write(b"new")
    assert any_lake.files() == {"pets/cats/cats.csv": b"new"}


def test_what_a_killed_run_left_is_removed_a_day_later(local_lake):
    write(b"old")
    folder = Path(local_lake.address, "dev_pets", "cats")
    names = (".cats.csv.1.part", ".cats.csv.2.part", ".dogs.csv.1.part")
    of_today, of_old, of_others = (folder / name for name in names)
    for part in (of_today, of_old, of_others):
        part.touch()
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    for part in (of_old, of_others):
        os.utime(part, (two_days_ago, two_days_ago))

    write(b"new")

    assert set(local_lake.unfinished()) == {str(of_today), str(of_others)}


def test_anyone_may_read_a_local_file(local_lake):
    write(b"new")
    file = Path(local_lake.address, NAME)
    other = file.parent / "other"
    other.touch()
    assert file.stat().st_mode == other.stat().st_mode


def test_a_folder_that_is_a_file(local_lake):
    Path(local_lake.address).touch()
    with pytest.raises(LakeError, match=f"{NAME} cannot be written: .*Not a directory"):
        write(b"new")


def test_a_bucket_that_is_not_there(aws, monkeypatch):
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", "s3://no-such-bucket")
    with pytest.raises(LakeError, match="bucket does not exist. The file before is"):
        write(b"new")
