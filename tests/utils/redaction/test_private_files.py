"""Files of loads, which only their owner can read: new ones, and ones that exist."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.repository.tree import ROOT
from tests.samples.pets import pets, pets_pipeline
from utils.destinations.pipelines import type_of
from utils.loading.run import run_pipeline
from utils.redaction.private_files import keep_private


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def readable_by_others(folder: Path) -> list[Path]:
    """Return what others than the owner can read, list or change in a folder."""
    return [path for path in folder.rglob("*") if path.lstat().st_mode & 0o077]


def test_every_process_of_this_project_creates_private_files():
    """A process of its own, because this one has imported the project long ago."""
    code = "import os; os.umask(0o022); import utils; print(oct(os.umask(0)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "0o77\n", done.stderr


def test_a_warehouse_and_its_working_folder_are_private(warehouse):
    pipeline = pets_pipeline()
    run_pipeline(pipeline, pets({"name": "Rex"}))
    assert mode(warehouse) == "0o600"
    assert mode(Path(pipeline.working_dir)) == "0o700"
    with type_of(pipeline).hold(pipeline), pipeline.sql_client() as client:
        client.execute_sql("CREATE TABLE in_the_log AS SELECT 1")
        assert mode(Path(f"{warehouse}.wal")) == "0o600"
    assert readable_by_others(Path(pipeline.pipelines_dir)) == []


def test_what_exists_becomes_private(warehouse):
    pipeline = pets_pipeline()
    run_pipeline(pipeline, pets({"name": "Rex"}))
    warehouse.chmod(0o664)
    Path(pipeline.working_dir).chmod(0o775)
    run_pipeline(pets_pipeline(), pets({"name": "Tom"}))
    assert mode(warehouse) == "0o600"
    assert mode(Path(pipeline.working_dir)) == "0o700"


def test_a_lake_is_private(local_lake, monkeypatch, tmp_path):
    folder = tmp_path / "lake"
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "filesystem")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", str(folder))
    monkeypatch.setenv("PIPELINES_DIR", str(tmp_path / "pipelines"))
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    assert mode(folder) == "0o700"
    assert readable_by_others(folder) == []
    dataset = folder / "dev_pets"
    dataset.chmod(0o755)
    run_pipeline(pets_pipeline(), pets({"name": "Tom"}))
    assert mode(dataset) == "0o700"


def test_only_others_lose_their_rights(tmp_path):
    file = tmp_path / "file"
    file.touch()
    file.chmod(0o754)
    keep_private(file, tmp_path / "missing")
    assert mode(file) == "0o700"


def test_somebody_elses_file_is_left_alone(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    keep_private(tmp_path)
    assert mode(tmp_path) == "0o755"
