"""Parts of the drill in which a run lacks a disk or a file."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import duckdb

from tests.drills.platform import Platform, wrong_rows
from tests.servers.python import python

HELD = "import sys, time, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True)"


def disk_full(platform: Platform) -> str:
    """The pipelines' folder is on a full disk, which is freed after half a minute."""
    if os.geteuid() != 0:
        return "not played: only root can mount a small disk"
    with _small_disk(platform.home / "small") as disk:
        deployment = platform.deploy(
            "disk_full",
            concurrency_limit=1,
            job_variables={"env": {"PIPELINES_DIR": str(disk)}},
        )
        filler = disk / "filler"
        _fill(filler)
        run = platform.run(deployment, number=0, seconds=1.0)
        platform.wait_for([run], "Running", within=120)
        time.sleep(30)
        filler.unlink()
        seconds = platform.wait_for([run], "Completed", within=300)
    return f"completed {seconds:.0f} s after it; {platform.wrong_rows(['disk_full'])}"


def file_held(platform: Platform) -> str:
    """Another program holds the DuckDB file of two deployments for 45 s."""
    file = platform.home / "held.duckdb"
    settings = {
        "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "duckdb",
        "DESTINATION__WAREHOUSE__CREDENTIALS": str(file),
    }
    names = ["held_0", "held_1"]
    deployments = [
        platform.deploy(name, concurrency_limit=1, job_variables={"env": settings})
        for name in names
    ]
    holder = subprocess.Popen(
        [python(), "-c", f"{HELD}; time.sleep(1000)", str(file)], stdout=subprocess.PIPE
    )
    assert holder.stdout
    holder.stdout.readline()
    runs = [platform.run(each, number=0, seconds=1.0) for each in deployments]
    platform.wait_for(runs, "Running", within=120)
    time.sleep(45)
    holder.kill()
    holder.wait()
    seconds = platform.wait_for(runs, "Completed", within=300)
    with duckdb.connect(str(file), read_only=True) as connection:
        wrong = wrong_rows(lambda sql: connection.execute(sql).fetchall(), names)
    return f"2 of 2 runs completed {seconds:.0f} s after it; {wrong}"


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(file: Path) -> None:
    """Write until the disk is full."""
    try:
        with file.open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
    except OSError:
        return
