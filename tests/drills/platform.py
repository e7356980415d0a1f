"""Prefect's local server, a worker and deployments, each of which can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled

from tests.drills.slow_load import ROWS, slow_load
from tests.repository.tree import ROOT
from tests.servers.local_server import environment_without_server, password
from tests.servers.postgres import Database
from tests.servers.prefect import prepare_home
from tests.servers.waiting import until

POOL = "dev"
WORKER_LIMIT = 8


@dataclass
class Platform:
    """Server, worker and deployments, as on a developer's machine."""

    home: Path
    port: int
    warehouse: Database
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def environment(self) -> dict[str, str]:
        environment = environment_without_server(self.home) | self.warehouse.settings
        return environment | {
            "PREFECT_PROFILE": "data-platform",
            "PYTHONPATH": str(ROOT),
        }

    @property
    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.url, auth_string=password(self.home))

    def start_server(self) -> None:
        """Start the server, or start it again, and wait until it answers."""
        prepare_home(self.home)
        words = ("-m", "infrastructure.local_server", "--port", str(self.port))
        self._start("server", *words)
        until(self._is_up, "the server", 180)

    def start_worker(self) -> None:
        """Start the README's worker."""
        words = ("-m", "prefect", "worker", "start", "--pool", POOL)
        self._start("worker", *words, "--type", "process", "--limit", str(WORKER_LIMIT))

    def start_watch(self) -> None:
        """Start what runs beside the worker in production."""
        self._start("watch", "-m", "utils.watch")

    def make_pool(self) -> None:
        """Make the work pool as the README's command does."""
        command = [sys.executable, "-m", "blocks", "apply", POOL]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def kill(self, name: str) -> None:
        """Kill a process with all that it has started, such as a worker's runs."""
        process = self._processes.pop(name)
        started = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        for each in started:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    def end(self) -> None:
        """End whatever runs."""
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGTERM)
        for process in self._processes.values():
            process.wait()

    def deploy(self, name: str) -> UUID:
        """Make a deployment of `slow_load`, whose runs load into a dataset of its own."""
        step = "prefect.deployments.steps.set_working_directory"
        with self.client as client:
            return client.create_deployment(
                client.create_flow(slow_load),
                name,
                entrypoint="tests.drills.slow_load.slow_load",
                pull_steps=[{step: {"directory": str(ROOT)}}],
                parameters={"dataset": name},
                work_pool_name=POOL,
                concurrency_limit=1,
                tags=["alerts"],
            )

    def run(self, deployment: UUID, **parameters: Any) -> FlowRun:
        """Start a run of a deployment."""
        with self.client as client:
            return client.create_flow_run_from_deployment(
                deployment, parameters=parameters, state=Scheduled()
            )

    def states(self, runs: list[FlowRun]) -> list[str]:
        """Return the names of the runs' states, none while the server is away."""
        try:
            with self.client as client:
                found = [client.read_flow_run(run.id).state_name or "" for run in runs]
        except httpx.HTTPError:
            return []
        return found

    def wait_for(self, runs: list[FlowRun], state: str, seconds: float) -> float:
        """Wait until all runs are in a state, and return how long that took."""
        began = time.monotonic()

        def found() -> bool:
            states = self.states(runs)
            return bool(states) and set(states) == {state}

        try:
            until(found, f"{len(runs)} runs {state}", seconds, every=0.5)
        except TimeoutError as error:
            raise TimeoutError(f"{error} They are {self.states(runs)}.") from None
        return time.monotonic() - began

    def wrong_rows(self, names: list[str], runs: int) -> str:
        """Return how many rows of deployments' runs are lost, and how many doubled."""
        lost = doubled = 0
        for name in names:
            query = f"SELECT count(*), count(DISTINCT id) FROM dev_{name}.rows"
            ((rows, keys),) = self.warehouse.query(query)
            lost += runs * ROWS - keys
            doubled += rows - keys
        return f"{lost} rows lost, {doubled} doubled"

    def _start(self, name: str, *words: str) -> None:
        with (self.home / f"{name}.log").open("a") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health").is_success
        except httpx.HTTPError:
            return False
