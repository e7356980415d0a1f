"""Database of Prefect's server that holds the runs of years.

    uv run python -m tests.drills.filled_database [--dump FILE] [runs]

Real runs of this project's flows, through a real server and worker, are copied with all their
rows and spread over the past, 100 a day. Prints how long that takes, what the API and watch
read of it, and how fast. Needs Debian's PostgreSQL (`apt-get install postgresql`).
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Callable, Iterator
from uuid import UUID, uuid4

import psycopg2
from psycopg2.extensions import cursor as Cursor

from tests.drills.platform import Platform, running_platform
from tests.drills.prefect_postgres import PROGRAMS, running_prefect_postgres
from tests.repository.tree import ROOT
from tests.servers.waiting import until
from utils.watch.history import Memory
from utils.watch.prefect_history import PrefectHistory

PER_DAY = 100
# As long as Prefect keeps them, unless it is told otherwise.
EVENTS_FOR = timedelta(days=7)
RUNS_AT_ONCE = 500
# hello_world asks for its address there, in vain.
NOWHERE = {"env": {"CHECK_IP_URL": "http://127.0.0.1:9"}}

LAST_EVENT = "prefect.worker.executed-flow-run"
RESOURCE = "'prefect.flow-run.' || {run}"
EVENTS = f"related_resource_ids ? ({RESOURCE}) OR resource_id = {RESOURCE}"
# Run and its states name each other: its own row comes last, when all is there.
OF_A_RUN = {
    "flow_run_state": "flow_run_id = {run}",
    "task_run_state": "task_run_id IN (SELECT id FROM task_run WHERE flow_run_id = {run})",
    "task_run": "flow_run_id = {run}",
    "log": "flow_run_id = {run}",
    "artifact": "flow_run_id = {run}",
    "flow_run": "id = {run}",
}
EVENTS_OF_A_RUN = {
    "events": EVENTS,
    "event_resources": f"event_id IN (SELECT id FROM events WHERE {EVENTS})",
}
TABLES = OF_A_RUN | EVENTS_OF_A_RUN

ID = "-".join(f"[0-9a-f]{{{length}}}" for length in (8, 4, 4, 4, 12))
TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?"

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Sample:
    """A real run's rows by table, as COPY writes them.

    Its ids, its times and its day are fields of Python's format, named by their values. Ids
    of others, such as its flow, are not.
    """

    rows: dict[str, str]

    @classmethod
    def of(cls, cursor: Cursor, run: UUID) -> Sample:
        """Read a run, with its events, from the database."""
        found, own = {}, set()
        for table, condition in TABLES.items():
            where = condition.format(run=f"'{run}'")
            cursor.execute(f"SELECT id::text FROM {table} WHERE {where}")
            own |= {id for (id,) in cursor}
            rows = io.StringIO()
            query = f"SELECT * FROM {table} WHERE {where}"
            cursor.copy_expert(f"COPY ({query}) TO STDOUT", rows)
            found[table] = rows.getvalue().replace("%", "%%")
        cursor.execute(f"SELECT end_time::date::text FROM flow_run WHERE id = '{run}'")
        ((day,),) = cursor

        def field(found: re.Match[str]) -> str:
            is_id = len(found[0]) == 36
            return found[0] if is_id and found[0] not in own else f"%({found[0]})s"

        changing = re.compile(f"{ID}|{TIME}|{day}")
        return cls({table: changing.sub(field, text) for table, text in found.items()})


class Copied(dict[str, str]):
    """Values of a copy's fields, by those of the run that it copies.

    Args:
        shift: Time between both.
    """

    def __init__(self, shift: timedelta) -> None:
        self._shift = shift

    def __missing__(self, old: str) -> str:
        if len(old) == 36:
            new = str(uuid4())
            if old[14] == "7":  # begins with its milliseconds
                at = int(old[:8] + old[9:13], 16) - self._shift // MILLISECOND
                new = f"{at >> 16:08x}-{at & 0xFFFF:04x}-7{new[15:]}"
        else:
            at = datetime.fromisoformat(old) - self._shift
            new = str(at.date()) if len(old) == 10 else at.isoformat(old[10])
        self[old] = new
        return new


def fill(
    url: str,
    samples: list[UUID],
    runs: int,
    per_day: int = PER_DAY,
    events_for: timedelta = EVENTS_FOR,
) -> None:
    """Copy runs with all their rows, and spread the copies over the days before them.

    Args:
        url: URL of the database for a superuser, who may write rows in any order.
        samples: Ids of completed runs, which are copied in turn.
        runs: Number of copies.
        per_day: Copies per day.
        events_for: Age up to which copies have events.
    """
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SET session_replication_role = replica; SET TIME ZONE 'UTC'")
        patterns = [Sample.of(cursor, each) for each in samples]
        # the oldest first, as they would have come
        for first in range(runs, 0, -RUNS_AT_ONCE):
            copied: dict[str, list[str]] = {table: [] for table in TABLES}
            for number in range(first, max(first - RUNS_AT_ONCE, 0), -1):
                shift = number * timedelta(days=1) / per_day
                values, pattern = Copied(shift), patterns[number % len(patterns)]
                for table in TABLES if shift < events_for else OF_A_RUN:
                    copied[table].append(pattern.rows[table] % values)
            for table, rows in copied.items():
                text = io.StringIO("".join(rows))
                cursor.copy_expert(f"COPY {table} FROM STDIN", text)
        cursor.execute("VACUUM ANALYZE")


def real_runs(platform: Platform, url: str) -> list[UUID]:
    """Run some deployments of the pool `dev` once, and return their completed runs.

    Returns when all their rows are there. The first run is one of `exchange_rates`.

    Args:
        platform: Platform whose server has the database.
        url: URL of the database.
    """
    deploy = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "-n", "dev"]
    subprocess.check_output(deploy, cwd=ROOT, env=platform.environment)
    runs = []
    with platform.client as client:
        for name in ("exchange_rates/dev", "hello_world/dev"):
            id = client.read_deployment_by_name(name).id
            runs += [client.create_flow_run_from_deployment(id, job_variables=NOWHERE)]
    for name in ("orders", "payments", "visits"):
        runs.append(platform.run(platform.deploy(name), number=0, seconds=1.0))
    platform.wait_for(runs, "Completed", within=300)
    ended = f"SELECT count(*) >= {len(runs)} FROM events WHERE event = '{LAST_EVENT}'"
    until(lambda: query(url, ended)[0][0], "the runs' events", 60)
    return [run.id for run in runs]


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run and commit a statement, and return its rows, if any."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def dump(url: str, file: Path) -> None:
    """Write a database as `pg_restore` reads it."""
    program = sorted(PROGRAMS.glob("*/bin/pg_dump"))[-1]
    subprocess.run([program, "--format=custom", f"--file={file}", url], check=True)


@contextmanager
def prefect_on_postgres() -> Iterator[tuple[Platform, str]]:
    """Run a platform whose server has Debian's PostgreSQL, and yield it with the URL."""
    with running_prefect_postgres() as postgres:
        with running_platform(postgres.settings) as platform:
            yield platform, postgres.url


def reads(platform: Platform) -> dict[str, Callable[[], Any]]:
    """Return functions that read from a server what people and watch read."""
    client, now = platform.client, datetime.now(UTC)
    week = {"history_start": str(now - timedelta(days=7)), "history_end": str(now)}

    def ask(path: str, **content: Any) -> Callable[[], Any]:
        return lambda: client.request("POST", path, json=content).json()

    latest = ask("/flow_runs/filter", limit=1, sort="END_TIME_DESC")()[0]["id"]
    log = {"flow_run_id": {"any_": [latest]}}
    return {
        "first runs": ask("/flow_runs/paginate", sort="START_TIME_DESC", limit=10),
        "last runs": ask("/flow_runs/filter", sort="START_TIME_ASC", limit=10),
        "dashboard": ask("/flow_runs/history", history_interval_seconds=3600, **week),
        "log of a run": ask("/logs/filter", logs=log),
        "events": ask("/events/filter", limit=50),
        "watch's first look": lambda: PrefectHistory(Memory()).look(client),
    }


def seconds_of(read: Callable[[], Any]) -> float:
    """Return how long a read takes."""
    began = time.monotonic()
    read()
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.filled_database")
    parser.add_argument("--dump", type=Path, help="write the database to a file")
    parser.add_argument("runs", type=int, nargs="?", default=100_000)
    chosen = parser.parse_args()
    with prefect_on_postgres() as (platform, url):
        samples = real_runs(platform, url)
        seconds = seconds_of(lambda: fill(url, samples, chosen.runs))
        ((size,),) = query(url, "SELECT pg_database_size(current_database()) / 1e6")
        print(f"{chosen.runs:,} runs in {seconds:.0f} s, {size:,.0f} MB")
        for name, read in reads(platform).items():
            print(f"{seconds_of(read):6.2f} s  {name}", flush=True)
        if chosen.dump:
            seconds = seconds_of(lambda: dump(url, chosen.dump))
            size = chosen.dump.stat().st_size / 1e6
            print(f"dump: {size:,.0f} MB in {seconds:.0f} s")


if __name__ == "__main__":
    main()
