"""Upgrade of Prefect's server on a filled database, and the way back.

    uv run python -m tests.drills.upgrade [--runs 100000]

An older server fills a PostgreSQL database (`apt-get install postgresql`). It is backed up and
stopped, and the locked version is started on it. Then the older one gets its backup back, as
the commands of infrastructure/prefect_server.md say it. uv fetches the older version.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Running, Scheduled

from tests.drills.filled_database import fill
from tests.drills.prefect_postgres import PrefectPostgres, running_prefect_postgres
from tests.repository.tree import ROOT
from tests.servers.local_server import environment_without_server
from tests.servers.ports import free_port
from tests.servers.prefect import running_server
from tests.servers.waiting import until

OLDER = "3.7.0"
"""Its database lacks five migrations of the locked version."""
# A later FastAPI breaks it.
PACKAGES_OF = "2026-05-20"


@dataclass
class Servers:
    """Servers of different versions on one database, one after the other."""

    folder: Path
    postgres: PrefectPostgres

    @contextmanager
    def running(self, version: str = "") -> Iterator[SyncPrefectClient]:
        """Run a version, by default the locked one, until the context's end."""
        fetched = ("uvx", "--quiet", "--exclude-newer", PACKAGES_OF)
        command = [*fetched, "--from", f"prefect=={version}", "prefect"]
        api = f"http://127.0.0.1:{free_port()}/api"
        with running_server(
            self.folder / f"home {version}",
            api,
            self.postgres.settings,
            command if version else (),
        ):
            with SyncPrefectClient(api) as client:
                yield client


def upgrade(servers: Servers, runs: int) -> str:
    """Go to the locked version and back, and return what was seen.

    Args:
        servers: Servers on an empty database.
        runs: Runs that the database has beside a few, copies of a real one.
    """
    with servers.running(OLDER) as client:
        assert client.api_version() == OLDER
        deployment = client.create_deployment(
            client.create_flow_from_name("products"), "production", concurrency_limit=1
        )
        completed = _run(client, deployment)
        sample = _real_run(servers.folder, client)
        _wait_for_events(servers.postgres, sample)
    fill(servers.postgres.url, [sample.id], runs)
    backup = servers.folder / "older.dump"
    servers.postgres.back_up(backup)
    before = _revision(servers.postgres)
    began = time.monotonic()
    with servers.running() as client:
        migrated = time.monotonic() - began
        assert _revision(servers.postgres) != before, "there is no migration to try"
        assert client.read_flow_run(completed.id).state_name == "Completed"
        lost = _run(client, deployment)
    began = time.monotonic()
    servers.postgres.restore(backup)
    restored = time.monotonic() - began
    assert _revision(servers.postgres) == before
    with servers.running(OLDER) as client:
        assert client.read_flow_run(completed.id).state_name == "Completed"
        with suppress(ObjectNotFound):
            raise AssertionError(f"{client.read_flow_run(lost.id).name} is there")
        assert _run(client, deployment).state_name == "Completed"
    return (
        f"{OLDER} to the locked version with {runs} runs: the server answered after"
        f" {migrated:.0f} s; back: the backup was restored in {restored:.0f} s"
    )


def _real_run(folder: Path, client: SyncPrefectClient) -> FlowRun:
    """Run a flow of this repository, and return its run."""
    home = environment_without_server(folder / "home of the run")
    own = {"PREFECT_API_URL": str(client.api_url), "DLT_LOCAL_DIR": str(folder)}
    own["PIPELINES_DIR"] = str(folder / "pipelines")
    command = [sys.executable, "-m", "flows.exchange_rates"]
    subprocess.run(command, cwd=ROOT, env=home | own, check=True, capture_output=True)
    (run,) = [r for r in client.read_flow_runs() if r.deployment_id is None]
    assert run.state_name == "Completed"
    return run


def _wait_for_events(postgres: PrefectPostgres, run: FlowRun) -> None:
    """Wait until the server has written a run's events."""
    ended = f"resource_id = 'prefect.flow-run.{run.id}' AND event ~ 'Completed'"
    written = f"SELECT count(*) FROM events WHERE {ended}"
    until(lambda: postgres.query(written) != "0", "the run's events", 60)


def _run(client: SyncPrefectClient, deployment: UUID) -> FlowRun:
    """Make a completed run of a deployment, which can run one at a time."""
    run = client.create_flow_run_from_deployment(deployment, state=Scheduled())
    for state in (Running(), Completed()):
        client.set_flow_run_state(run.id, state)
    return client.read_flow_run(run.id)


def _revision(postgres: PrefectPostgres) -> str:
    return postgres.query("SELECT version_num FROM alembic_version")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.upgrade")
    parser.add_argument("--runs", type=int, default=100_000)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_prefect_postgres() as postgres,
    ):
        print(upgrade(Servers(Path(folder), postgres), chosen.runs))


if __name__ == "__main__":
    main()
