"""A team's day, compressed: what is killed, and how long until everything is normal.

    uv run python -m tests.drills.day [part ...]

Parts: `queue`, `away-5`, `away-60`, `away-360`, `machine-lost`, all by default. Each prints
the seconds that passed until all was normal, without a person, and the rows that were lost
or doubled.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

from tests.drills.platform import Platform
from tests.servers.ports import free_port
from tests.servers.postgres import new_database, running_postgres

NORMAL_WITHIN = 5 * 60.0


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_postgres(Path(scratch) / "postgres") as postgres,
    ):
        warehouse = new_database(postgres)
        platform = Platform(Path(scratch) / "home", free_port(), warehouse)
        try:
            platform.start_server()
            platform.make_pool()
            platform.start_worker()
            platform.start_watch()
            for name in chosen:
                print(f"{name}: {PARTS[name](platform)}", flush=True)
        except BaseException:
            for log in platform.home.glob("*.log"):
                print(f"{log.name}:\n{log.read_text()[-5000:]}")
            raise
        finally:
            platform.end()


def queue(platform: Platform) -> str:
    """Thirteen runs of one deployment, one at a time."""
    deployment = platform.deploy("queue")
    runs = [platform.run(deployment, number=n, seconds=1.0) for n in range(13)]
    seconds = platform.wait_for(runs, "Completed", 20 * 60)
    return f"13 runs in {seconds:.0f} s; {platform.wrong_rows(['queue'], len(runs))}"


def server_away(platform: Platform, away: int) -> str:
    """Five deployments load while the server is killed and started again.

    Two of them end while it is away, if that is long enough.
    """
    shorter = max(away / 2, 20.0)  # all have to be Running at the same time
    lengths = (shorter, shorter, *([away + 20.0] * 3))
    names = [f"away_{away}_{number}" for number in range(len(lengths))]
    runs = [
        platform.run(platform.deploy(name), number=0, seconds=seconds)
        for name, seconds in zip(names, lengths)
    ]
    platform.wait_for(runs, "Running", 120)
    platform.kill("server")
    time.sleep(away)
    platform.start_server()
    seconds = platform.wait_for(runs, "Completed", NORMAL_WITHIN + away)
    return (
        f"5 of 5 runs completed, {seconds:.0f} s after the server was back;"
        f" {platform.wrong_rows(names, 1)}"
    )


def machine_lost(platform: Platform) -> str:
    """Server, worker, watch and three runs are killed together, and started again.

    The next run of each deployment is there at once.
    """
    names = [f"lost_{number}" for number in range(3)]
    deployments = [platform.deploy(name) for name in names]
    lost = [platform.run(each, number=0, seconds=60.0) for each in deployments]
    platform.wait_for(lost, "Running", 120)
    for name in ("worker", "watch", "server"):
        platform.kill(name)
    began = time.monotonic()
    platform.start_server()
    platform.start_worker()
    platform.start_watch()
    successors = [platform.run(each, number=0, seconds=1.0) for each in deployments]
    platform.wait_for(successors, "Completed", 2 * NORMAL_WITHIN)
    platform.wait_for(lost, "Crashed", 60)
    seconds = time.monotonic() - began
    return (
        f"3 lost runs crashed and 3 successors completed in {seconds:.0f} s;"
        f" {platform.wrong_rows(names, 1)}"
    )


PARTS: dict[str, Callable[[Platform], str]] = {
    "queue": queue,
    "away-5": lambda platform: server_away(platform, 5),
    "away-60": lambda platform: server_away(platform, 60),
    "away-360": lambda platform: server_away(platform, 360),
    "machine-lost": machine_lost,
}


if __name__ == "__main__":
    main()
