"""Prefect's local server, a worker and deployments, each of which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Callable, Iterator
from uuid import UUID

import httpx
import psutil
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled
from prefect.utilities.callables import parameter_schema

from tests.drills.slow_load import ROWS, slow_load
from tests.infrastructure import systemd_units
from tests.repository.tree import ROOT
from tests.servers.local_server import environment_without_server, password
from tests.servers.ports import free_port
from tests.servers.postgres import Database, new_database, running_postgres
from tests.servers.prefect import prepare_home
from tests.servers.waiting import until

POOL = "dev"
COMMAND = "python -m utils.runs prefect.engine"  # as in prefect.yaml
WORKER_LIMIT = 8


@dataclass
class Platform:
    """Server, worker and deployments, as on a developer's machine."""

    home: Path
    port: int
    warehouse: Database
    settings: dict[str, str] = field(default_factory=dict)
    """Environment of Prefect's server."""
    clone: Path = ROOT
    """Folder whose code runs."""
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    pool = POOL
    layout = "dev_{}"
    """Layout of datasets' names."""

    @property
    def job_variables(self) -> dict[str, Any]:
        """Variables of deployments, as in prefect.yaml."""
        return {"working_dir": str(self.clone), "command": COMMAND}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def environment(self) -> dict[str, str]:
        environment = environment_without_server(self.home) | self.warehouse.settings
        return environment | {
            "PREFECT_PROFILE": "data-platform",
            "PIPELINES_DIR": str(self.home / "pipelines"),
        }

    @property
    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.url, auth_string=password(self.home))

    def start(self, name: str) -> None:
        """Start, perhaps again, `server`, `worker` or `watch` as its unit of systemd does.

        Returns when the server answers; the others wait for it by themselves.
        """
        command = [sys.executable, *systemd_units.words(name)]
        if name == "server":
            command += ["--port", str(self.port)]
        if name == "worker":
            command[command.index("--limit") + 1] = str(WORKER_LIMIT)
        with (self.home / f"{name}.log").open("a") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | (self.settings if name == "server" else {}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if name == "server":
            until(self.is_up, "the server", 180)

    def make_pool(self) -> None:
        """Make the work pool as the README's command does."""
        command = [sys.executable, "-m", "blocks", "apply", POOL]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def kill(self, name: str, with_runs: bool = True) -> None:
        """Kill a process, with all that it has started, such as a worker's runs."""
        process = self._processes.pop(name)
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        for each in started if with_runs else ():
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def end(self) -> None:
        """End whatever runs, the server last: a worker that stops wants to tell it."""
        for name in sorted(self._processes, key=lambda each: each == "server"):
            process = self._processes[name]
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    def deploy(
        self, name: str, flow: Flow[..., Any] = slow_load, **options: Any
    ) -> UUID:
        """Make a deployment as prefect.yaml does, whose runs load into such a dataset.

        Args:
            name: Name of the deployment and of the dataset.
            flow: Its flow.
            options: Further arguments of Prefect's `create_deployment`.
        """
        assert flow.fn
        module, function = flow.fn.__module__, flow.fn.__name__
        step = "prefect.deployments.steps.set_working_directory"
        parameters = {"dataset": name, **options.pop("parameters", {})}
        variables = self.job_variables | options.pop("job_variables", {})
        with self.client as client:
            return client.create_deployment(
                client.create_flow(flow),
                name,
                entrypoint=f"{module}.{function}",
                pull_steps=[{step: {"directory": str(self.clone)}}],
                parameters=parameters,
                parameter_openapi_schema=parameter_schema(flow).model_dump(),
                work_pool_name=self.pool,
                job_variables=variables,
                tags=["dev", "load", *options.pop("tags", [])],
                **options,
            )

    def run(self, deployment: UUID, **parameters: Any) -> FlowRun:
        """Start a run of a deployment."""
        with self.client as client:
            return client.create_flow_run_from_deployment(
                deployment, parameters=parameters, state=Scheduled()
            )

    def runs(self, runs: list[FlowRun]) -> list[FlowRun]:
        """Return the runs as they are now, none while the server is away."""
        try:
            with self.client as client:
                return [client.read_flow_run(run.id) for run in runs]
        except httpx.HTTPError:
            return []

    def runs_of(self, deployment: UUID) -> list[FlowRun]:
        """Return all runs of a deployment that should have begun."""
        wanted = {"deployment_id": {"any_": [deployment]}}
        due = {"expected_start_time": {"before_": datetime.now(UTC)}}
        runs = FlowRunFilter.model_validate(wanted | due)
        with self.client as client:
            return client.read_flow_runs(flow_run_filter=runs)

    def wait_for(self, runs: list[FlowRun], *states: str, within: float) -> float:
        """Wait until all runs are in one of the states, and return how long that took.

        Args:
            runs: The runs.
            states: Names of the states.
            within: Longest wait, in seconds.
        """
        began = time.monotonic()

        def found() -> bool:
            now = self.runs(runs)
            return bool(now) and all(run.state_name in states for run in now)

        try:
            until(found, f"{len(runs)} runs {' or '.join(states)}", within, every=0.5)
        except TimeoutError as error:
            now = [str(run.state) for run in self.runs(runs)]
            raise TimeoutError(f"{error} They are {now}.") from None
        return time.monotonic() - began

    def have_ended(self, runs: list[FlowRun]) -> bool:
        """Return whether all runs have ended, which is not known while the server is away."""
        now = self.runs(runs)
        return bool(now) and all(run.state and run.state.is_final() for run in now)

    def reasons(self, runs: list[FlowRun]) -> str:
        """Return why runs have ended, each reason once."""
        states = [run.state for run in self.runs(runs)]
        return " ".join(sorted({state.message or "" for state in states if state}))

    def wrong_rows(self, datasets: list[str], runs: int = 1) -> str:
        """Say that no row is lost or doubled, of so many runs of each deployment.

        Raises:
            AssertionError: One is.
        """
        return wrong_rows(self.warehouse.query, datasets, runs, self.layout)

    def is_up(self) -> bool:
        """Return whether the server answers."""
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).is_success
        except httpx.HTTPError:
            return False


def wrong_rows(
    query: Callable[[str], list[Any]],
    datasets: list[str],
    runs: int = 1,
    layout: str = Platform.layout,
) -> str:
    """Say that no row is lost or doubled in datasets, asked by a function.

    Raises:
        AssertionError: One is.
    """
    lost = doubled = 0
    for dataset in datasets:
        sql = f"SELECT count(*), count(DISTINCT id) FROM {layout.format(dataset)}.rows"
        ((rows, keys),) = query(sql)
        lost += runs * ROWS - keys
        doubled += rows - keys
    told = f"{lost} rows lost, {doubled} doubled"
    assert not lost and not doubled, told
    return told


@contextmanager
def running_platform(settings: dict[str, str] | None = None) -> Iterator[Platform]:
    """Run a platform in a new home, with a warehouse on PostgreSQL.

    Args:
        settings: Environment of Prefect's server.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        prepare_home(home)
        with running_postgres(Path(folder) / "postgres") as postgres:
            warehouse = new_database(postgres)
            platform = Platform(home, free_port(), warehouse, settings or {})
            try:
                platform.start("server")
                platform.make_pool()
                platform.start("worker")
                platform.start("watch")
                yield platform
            except BaseException:
                for log in home.glob("*.log"):
                    print(f"{log.name}:\n{log.read_text()[-5000:]}")
                raise
            finally:
                platform.end()
