"""Real Prefect server for the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Sequence

import httpx
import psutil
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from tests.servers.prefect_api import ask
from tests.servers.python import python
from tests.servers.waiting import stop

START_SECONDS = 180


@contextmanager
def running_server(
    home: Path,
    api_url: str,
    settings: dict[str, str] | None = None,
    command: Sequence[str] = (),
) -> Iterator[str]:
    """Run a Prefect server at an address, with its own database in `home`.

    A second one with the same home has what the first one had.

    Args:
        home: Folder of the server's files.
        api_url: Address, with its port.
        settings: Further environment.
        command: Command line of another version of Prefect.
    """
    prepare_home(home)
    log = home / "server.log"
    with log.open("a") as output:
        server = subprocess.Popen(
            [*(command or prefect_command()), "server", "start"]
            + ["--host", "127.0.0.1"]
            + ["--port", str(httpx.URL(api_url).port)],
            env=os.environ
            | {
                "PREFECT_HOME": str(home),
                "PREFECT_SERVER_UI_API_URL": api_url,
                # cancels the runs that a cancelled run started; by default every 20 s
                "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "2",
            }
            | (settings or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_healthy(api_url, server, log)
        yield api_url
    finally:
        stop(server)


@contextmanager
def frozen(api_url: str) -> Iterator[None]:
    """Stop the server at an address, so that it takes connections and answers nothing."""
    port = httpx.URL(api_url).port
    (server,) = {
        each.pid
        for each in psutil.net_connections("tcp4")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == port
    }
    os.kill(server, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server, signal.SIGCONT)


@contextmanager
def running_worker(
    command: str | Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """Run a command that starts a worker, which asks for runs each second."""
    worker = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        stop(worker)


def prefect_command() -> tuple[str, ...]:
    """Return how Prefect's command line is called."""
    return (python(), "-m", "prefect")


def prepare_home(home: Path) -> None:
    """Give a home that is new an empty database of Prefect's."""
    if not home.exists():
        home.mkdir(parents=True)
        shutil.copy(migrated_database(), home / "prefect.db")


def migrated_database() -> Path:
    """Return an empty database of Prefect, made once because it takes seconds."""
    folder = Path(python()).parent
    database = folder / "home" / "prefect.db"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            subprocess.run(
                [*prefect_command(), "server", "database", "upgrade", "--yes"],
                env=os.environ | {"PREFECT_HOME": str(database.parent)},
                check=True,
                capture_output=True,
            )
    return database


def drain() -> None:
    """Send this process's pending events and logs while a server runs.

    Otherwise Prefect retries for more than a minute at the process's end. Its own
    harness does the same (`prefect.testing.utilities.prefect_test_harness`).
    """
    APILogWorker.drain_all()
    EventsWorker.drain_all()


def _wait_until_healthy(
    api_url: str, server: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"Prefect's server ended:\n{log.read_text()[-2000:]}")
        try:
            ask("GET", f"{api_url}/health", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise TimeoutError(f"No Prefect server:\n{log.read_text()[-2000:]}")
