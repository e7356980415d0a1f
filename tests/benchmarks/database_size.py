"""Size of the database of Prefect's server, its retention, and the server's memory.

    uv run python -m tests.benchmarks.database_size [part ...]

- `size`: bytes per run and table, of a short load and of one of five minutes, and what 100 runs
  a day take after a year, with and without retention. Also the time and size of a dump;
- `retention`: runs older than 30 days go from the database of a server. Prints how long that
  takes, and how long its API's answers take meanwhile;
- `memory`: memory and processor time of the server on 100,000 runs, of its worker and of watch
  while ten runs start, and of a worker of ECS.

All parts together take about twenty minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Callable, Iterator
from uuid import UUID

import psutil
from prefect.client.schemas.actions import WorkPoolCreate

from tests.drills import filled_database
from tests.drills.filled_database import (
    EVENTS_OF_A_RUN,
    NOWHERE,
    OF_A_RUN,
    PER_DAY,
    TABLES,
    fill,
    prefect_on_postgres,
    query,
    reads,
    real_runs,
    seconds_of,
)
from tests.drills.platform import Platform
from tests.fakes.aws import running_aws
from tests.repository.tree import ROOT
from tests.servers.waiting import until

FEWER, MORE = 2_000, 8_000
OLD = 20_000
MANY = 100_000
LONG = 300.0
"""Seconds of a usual load."""
RUNS_KEPT, EVENTS_KEPT = 400, 7
"""Days that are recommended."""
ECS_EVENTS = 8
"""States of a run's task on ECS, which a worker of ECS tells as events."""
RETENTION = timedelta(days=30)
MB = 1e6


def size() -> None:
    with prefect_on_postgres() as (platform, url):
        short = real_runs(platform, url)[0]
        run = platform.run(platform.deploy("long"), number=0, seconds=LONG)
        platform.wait_for([run], "Completed", within=LONG + 120)
        time.sleep(10)  # its last events and logs
        platform.kill("watch")
        platform.kill("worker")
        platform.kill("server")  # a database that is copied has no connections
        for name, sample in (("exchange_rates", short), ("five minutes", run.id)):
            print_sizes(name, url, sample)


def print_sizes(name: str, url: str, sample: UUID) -> None:
    fewer, more = (sizes(url, sample, runs) for runs in (FEWER, MORE))
    per_run = {each: (more[each] - fewer[each]) / (MORE - FEWER) for each in TABLES}
    print(f"\nbytes per run, {name}:")
    for table, number in sorted(per_run.items(), key=lambda each: -each[1]):
        print(f"{number:10,.0f}  {table}")
    runs = sum(per_run[table] for table in OF_A_RUN)
    events = sum(per_run[table] for table in EVENTS_OF_A_RUN)
    dumped = (more["dump"] - fewer["dump"]) / (MORE - FEWER)
    number = (more["number"] - fewer["number"]) / (MORE - FEWER)
    print(f"{runs + events:10,.0f}  all, {runs:,.0f} without its {number:.0f} events")
    print(f"{dumped:10,.0f}  dump. Of {MORE:,} runs it took {more['seconds']:.0f} s")
    empty = more["database"] - MORE * (runs + events)
    year = 365 * PER_DAY
    events *= (number + ECS_EVENTS) / number
    print(f"{PER_DAY} runs a day, with {ECS_EVENTS} events more on ECS, in MB:")
    for days in (EVENTS_KEPT, 30, 365):
        whole = empty + year * runs + days * PER_DAY * events
        print(f"{whole / MB:10,.0f}  after a year, events of {days} days")
    kept = empty + PER_DAY * (RUNS_KEPT * runs + EVENTS_KEPT * events)
    print(f"{kept / MB:10,.0f}  for good: runs {RUNS_KEPT} days, events {EVENTS_KEPT}")


def sizes(url: str, sample: UUID, runs: int) -> dict[str, float]:
    """Return the bytes of each table, database and dump with so many copies of a run."""
    copy = f"{url.rpartition('/')[0]}/filled"
    query(url, "CREATE DATABASE filled TEMPLATE prefect")
    fill(copy, [sample], runs, events_for=timedelta.max)
    found = {
        table: float(query(copy, f"SELECT pg_total_relation_size('{table}')")[0][0])
        for table in TABLES
    }
    found["database"] = query(copy, "SELECT pg_database_size('filled')")[0][0]
    found["number"] = query(copy, "SELECT count(*) FROM events")[0][0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dump"
        found["seconds"] = seconds_of(lambda: filled_database.dump(copy, file))
        found["dump"] = file.stat().st_size
    query(url, "DROP DATABASE filled")
    return found


def retention() -> None:
    with prefect_on_postgres() as (platform, url):
        fill(url, real_runs(platform, url), OLD, events_for=timedelta.max)
        platform.kill("server")
        seconds = RETENTION.total_seconds()
        platform.settings |= {
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"{seconds:.0f}",
        }
        old = f"< now() - interval '{seconds + 600:.0f} seconds'"
        days = "< now() - interval '7 days 10 minutes'"
        left = {
            "runs": f"SELECT count(*) FROM flow_run WHERE end_time {old}",
            "logs": f"SELECT count(*) FROM log WHERE timestamp {old}",
            "artifacts": f"SELECT count(*) FROM artifact WHERE created {old}",
            "events": f"SELECT count(*) FROM events WHERE occurred {days}",
            "resources": f"SELECT count(*) FROM event_resources WHERE occurred {days}",
        }
        young = (
            "SELECT count(*) FROM flow_run WHERE end_time > now() - interval '29 days'"
        )
        before = {name: query(url, sql)[0][0] for name, sql in left.items()}
        stay = query(url, young)[0][0]
        began = time.monotonic()
        platform.start("server")
        page = reads(platform)["first runs"]
        waits: list[float] = []
        while left:
            waits.append(seconds_of(page))
            for name in [
                name for name, sql in left.items() if not query(url, sql)[0][0]
            ]:
                del left[name]
                took = time.monotonic() - began
                print(f"{before[name]:,} old {name} were gone after {took:.0f} s")
            time.sleep(0.5)
        kept = query(url, young)[0][0]
        waits.sort()
        print(
            f"{kept:,} of {stay:,} younger runs are there. A page of runs took"
            f" {waits[len(waits) // 2]:.2f} s meanwhile, {waits[-1]:.2f} s at most"
        )


def memory() -> None:
    with prefect_on_postgres() as (platform, url):
        fill(url, real_runs(platform, url), MANY)
        platform.kill("server")
        took = seconds_of(lambda: platform.start("server"))
        print(f"server, answers after {took:.0f} s")
        server = platform._processes["server"].pid
        print_use("server, started", server)
        with platform.client as client:
            hello = client.read_deployment_by_name("hello_world/dev").id
            runs = [
                client.create_flow_run_from_deployment(hello, job_variables=NOWHERE)
                for _ in range(10)
            ]
        platform.wait_for(runs, "Completed", within=300)
        for read in reads(platform).values():
            read()
        for name in ("server", "worker", "watch"):
            print_use(f"{name}, after ten runs", platform._processes[name].pid)
        with ecs_worker(platform) as worker:
            print_use("worker of ECS, started", worker)


@contextmanager
def ecs_worker(platform: Platform) -> Iterator[int]:
    """Start a worker of ECS as the stack does, and yield its process id."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "ecs"]
    with running_aws(platform.home) as aws, platform.client as client:
        aws.client("sqs").create_queue(QueueName="prefect-ecs-tasks-events")
        client.create_work_pool(WorkPoolCreate(name="ecs", type="ecs"))
        worker = subprocess.Popen(
            [*command, "--pool", "ecs", "--limit", "10", "--with-healthcheck"],
            cwd=ROOT,
            env=platform.environment | aws.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: client.read_workers_for_work_pool("ecs"), "the worker")
            time.sleep(15)  # it begins to ask the queue
            yield worker.pid
        finally:
            worker.kill()
            worker.wait()


def print_use(name: str, process: int) -> None:
    """Print memory and processor time of a process and of those that it has started."""
    for each in (psutil.Process(process), *psutil.Process(process).children()):
        times = each.cpu_times()
        command = " ".join(each.cmdline()[1:4])
        print(
            f"{each.memory_info().rss / MB:5.0f} MB {times.user + times.system:6.1f} s"
            f"  {name}: {command}",
            flush=True,
        )


PARTS: dict[str, Callable[[], None]] = {
    "size": size,
    "retention": retention,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.database_size")
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    for part in parser.parse_args().part or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
