"""A team's day, compressed: what is killed, and how long until everything is normal.

    uv run python -m tests.drills.day [--on-postgres] [part ...]

Each part prints the seconds until all was normal, without a person, and the rows that were
lost or doubled. All parts together take about an hour. With `--on-postgres` Prefect's server
has Debian's PostgreSQL (`apt-get install postgresql`) instead of SQLite.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from functools import partial
from typing import Callable

from tests.drills.losses import (
    database_restarted,
    lost,
    lost_at_the_start,
    server_away,
    server_away_at_the_start,
    worker_killed,
)
from tests.drills.platform import Platform, running_platform
from tests.drills.prefect_postgres import running_prefect_postgres
from tests.drills.queues import backfill, fast_schedule, one_at_a_time, queue
from tests.drills.resources import disk_full, file_held

PARTS: dict[str, Callable[[Platform], str]] = {
    "queue": queue,
    "one-at-a-time": one_at_a_time,
    "fast-schedule": fast_schedule,
    "starting": server_away_at_the_start,
    "away-5": partial(server_away, away=5),
    "away-60": partial(server_away, away=60),
    "away-360": partial(server_away, away=360),
    "worker-killed": worker_killed,
    "worker-lost": lambda platform: lost(platform, "worker"),
    "worker-lost-at-the-start": lost_at_the_start,
    "machine-lost": lambda platform: lost(platform, "worker", "watch", "server"),
    "backfill": backfill,
    "disk-full": disk_full,
    "file-held": file_held,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.day")
    parser.add_argument("--on-postgres", action="store_true")
    parser.add_argument("part", nargs="*", help=", ".join(PARTS))
    chosen = parser.parse_args()
    parts = dict(PARTS)
    with ExitStack() as stack:
        settings = {}
        if chosen.on_postgres:
            database = stack.enter_context(running_prefect_postgres())
            settings = database.settings
            parts["database-restarted"] = partial(database_restarted, postgres=database)
        if unknown := set(chosen.part) - parts.keys():
            parser.error(f"{', '.join(unknown)}: the parts are {', '.join(parts)}")
        with running_platform(settings) as platform:
            seen = [_play(name, parts[name], platform) for name in chosen.part or parts]
    sys.exit(not all(seen))


def _play(name: str, part: Callable[[Platform], str], platform: Platform) -> bool:
    """Play a part, print what was seen, and return whether it ended well."""
    try:
        print(f"{name}: {part(platform)}", flush=True)
    except (AssertionError, TimeoutError) as error:
        print(f"{name}: FAILED: {error}", flush=True)
        return False
    return True


if __name__ == "__main__":
    main()
