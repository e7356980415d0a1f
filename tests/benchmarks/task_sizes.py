"""Memory and processor of whole runs, as a task on ECS has them.

Each flow runs as in its task, by `python -m utils.runs prefect flow-run execute`: a process
that watches, and one that runs the flow. Prints the peak of their memory, with pages that they
share counted once, and the seconds of processor until the end. A task of 256 CPU units has a
second of processor in four seconds. The warehouse is PostgreSQL, the sources are fake.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ContextManager, Iterator, NamedTuple

import psutil

from tests.repository.tree import copy_repository
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from tests.servers.postgres import Database

EVENTS, SIGNUPS = 300, 100
CONTACTS = 20_000
MIB = 2**20


class Run(NamedTuple):
    """Run of a flow, within its source."""

    title: str
    flow: str
    source: ContextManager[dict[str, str]]
    """Environment of the run while the source is there."""
    parameters: dict[str, str] = {}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # before Prefect is imported, which reads it then
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{free_port()}/api"
        os.environ["PREFECT_HOME"] = str(folder / "home")
        measure_all(folder, only=set(sys.argv[1:]))


def measure_all(folder: Path, only: set[str]) -> None:
    from prefect.client.orchestration import get_client

    from tests.servers.postgres import new_database, running_postgres
    from tests.servers.prefect import running_server

    clone = copy_repository(folder / "clone")
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(clone)], check=True)
    with (
        running_postgres(folder / "postgres") as postgres,
        running_server(folder / "server", os.environ["PREFECT_API_URL"]),
        get_client(sync_client=True) as client,
    ):
        warehouse = new_database(postgres).settings | {
            "DLT_LOCAL_DIR": str(folder / "data"),
            "PIPELINES_DIR": str(folder / "pipelines"),
            "DESTINATION__LAKE__BUCKET_URL": str(folder / "lake"),
            "DATASET_NAME_LAYOUT": "%s",
            "CHECK_IP_URL": "http://127.0.0.1:9",
        }
        for run in runs(new_database(postgres), clone):
            if not only or run.flow in only:
                with run.source as settings:
                    measure(run, clone, warehouse | settings, client)


def runs(database: Database, clone: Path) -> Iterator[Run]:
    """Yield all runs.

    Args:
        database: Source of `products` and of `redshift_export`.
        clone: Copy of the repository, for queries.
    """
    yield Run("hello_world", "hello_world", nullcontext({}))
    yield Run("exchange_rates", "exchange_rates", nullcontext({}))
    yield Run("products, a million rows", "products", products(database))
    yield Run(f"van, {EVENTS * SIGNUPS:,} signups", "van", van())
    yield Run(f"hubspot, {CONTACTS:,} contacts", "hubspot", hubspot())
    days = {"first_day": "2024-01-01", "last_day": "2024-01-31"}
    yield Run("open_exchange_rates, 31 days", "open_exchange_rates", rates(), days)
    yield Run(
        "redshift_export, three million rows",
        "redshift_export",
        export(database, clone),
        {"folder": "three"},
    )


@contextmanager
def products(database: Database) -> Iterator[dict[str, str]]:
    from tests.benchmarks.products import MILLION, fill

    fill(database, MILLION)
    yield {"SOURCES__PRODUCTS__CREDENTIALS": database.url}


@contextmanager
def van() -> Iterator[dict[str, str]]:
    """Serve one month's events with their signups."""
    from tests.fakes.http_server import serving
    from tests.fakes.van import Van, activist_code

    data = Van(activist_codes=[activist_code(number) for number in range(100)])
    for number in range(EVENTS):
        data.add_event(date.today() - timedelta(days=number % 20), signups=SIGNUPS)
    with serving(data.respond) as api:
        yield {
            "SOURCES__VAN__BASE_URL": f"{api.url}/v4/",
            "SOURCES__VAN__API_KEY": "key",
            "SOURCES__VAN__FIRST_DAY": str(date.today() - timedelta(days=25)),
        }


@contextmanager
def hubspot() -> Iterator[dict[str, str]]:
    from tests.fakes.hubspot import TOKEN, serving_hubspot

    with serving_hubspot() as account:
        for number in range(CONTACTS):
            account.add("contacts", email=f"{number}@example.org", firstname="Ada")
        yield {
            "SOURCES__HUBSPOT__BASE_URL": account.api.url,
            "SOURCES__HUBSPOT__ACCESS_TOKEN": TOKEN,
        }


@contextmanager
def rates() -> Iterator[dict[str, str]]:
    from tests.fakes.http_server import serving
    from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates

    with serving(OpenExchangeRates().respond) as api:
        yield {
            "SOURCES__OPEN_EXCHANGE_RATES__API_URL": api.url,
            "SOURCES__OPEN_EXCHANGE_RATES__APP_ID": APP_ID,
        }


@contextmanager
def export(database: Database, clone: Path) -> Iterator[dict[str, str]]:
    """Have three queries with a million rows each."""
    from tests.benchmarks.products import MILLION, fill

    queries = clone / "sources" / "redshift" / "queries" / "three"
    queries.mkdir()
    for name in ("one", "two", "three"):
        (queries / f"{name}.sql").write_text("SELECT * FROM raw_data.products")
    fill(database, MILLION)
    yield database.redshift_settings


def measure(
    run: Run, clone: Path, environment: dict[str, str], client: SyncPrefectClient
) -> None:
    """Run a flow as its task does, and print what it needed."""
    step = {
        "prefect.deployments.steps.set_working_directory": {"directory": str(clone)}
    }
    deployment = client.create_deployment(
        client.create_flow_from_name(run.flow),
        "sizes",
        entrypoint=f"flows.{run.flow}.{run.flow}",
        pull_steps=[step],
    )
    id = client.create_flow_run_from_deployment(
        deployment, parameters=run.parameters
    ).id
    task = psutil.Popen(
        [sys.executable, "-m", "utils.runs", "prefect", "flow-run", "execute"],
        cwd=clone,
        env=os.environ | environment | {"PREFECT__FLOW_RUN_ID": str(id)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak, processor = 0, {}
    while task.poll() is None:
        peak = max(peak, memory(task, processor))
        time.sleep(0.1)
    state = client.read_flow_run(id).state
    if not state.is_completed():
        sys.exit(f"{run.title}: {state.name}: {state.message}")
    seconds = sum(processor.values())
    print(f"{peak / MIB:6.0f} MiB {seconds:6.1f} s  {run.title}", flush=True)


def memory(task: psutil.Popen, processor: dict[int, float]) -> int:
    """Return a task's memory in bytes, and note each process's seconds of processor."""
    found = 0
    try:
        for each in (task, *task.children(recursive=True)):
            times = each.cpu_times()
            processor[each.pid] = times.user + times.system
            found += each.memory_full_info().pss
    except psutil.Error:  # A process has just ended.
        return 0
    return found


if __name__ == "__main__":
    main()
