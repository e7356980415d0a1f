"""Starts and stops a real Prefect server for the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import httpx
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from tests.servers.waiting import stop

PREFECT = (sys.executable, "-m", "prefect")
START_SECONDS = 180


@contextmanager
def running_server(
    home: Path, api_url: str, settings: dict[str, str] | None = None
) -> Iterator[str]:
    """A Prefect server at this address, with its own database in `home`."""
    home.mkdir(parents=True)
    port = httpx.URL(api_url).port
    log = home / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ
            | {
                "PREFECT_HOME": str(home),
                "PREFECT_SERVER_UI_API_URL": api_url,
                # looks after the runs that a cancelled run has started, else every 20 s
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


def drain() -> None:
    """Send what this process still has to send, for which there is a server only now.

    Prefect would try for more than a minute when the process ends. Its own test harness
    does the same (`prefect.testing.utilities.prefect_test_harness`).
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
            httpx.get(f"{api_url}/health", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise TimeoutError(f"No Prefect server:\n{log.read_text()[-2000:]}")
