"""Cost of watch: its memory, and the processor time and requests of a look.

    uv run python -m tests.benchmarks.watch

Twenty deployments have a schedule and five runs each, on a real server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.states import Completed

from tests.repository.tree import ROOT
from tests.utils.watch.watched_server import PASSWORD, WatchedServer, watched_server
from utils.watch.look import Watch

DEPLOYMENTS, RUNS, LOOKS = 20, 5, 10
SECONDS_OF_THE_FIRST_LOOK = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with watched_server(Path(folder)) as server:
            schedule = IntervalSchedule(interval=timedelta(days=1))
            for number in range(DEPLOYMENTS):
                deployment = server.deployment(
                    f"flow-{number}", schedules=[{"schedule": schedule}]
                )
                for _ in range(RUNS):
                    server.run(deployment, Completed())
            megabytes = memory_of_the_process(server) / 1e6
            seconds, requests = costs_of_a_look(server)
    print(f"a look: {seconds * 1000:.0f} ms of processor time, {requests:.1f} requests")
    print(f"memory: {megabytes:.0f} MB")


def memory_of_the_process(server: WatchedServer) -> int:
    """Return the bytes that `python -m utils.watch` has after its first look."""
    address = {"PREFECT_API_URL": server.api, "PREFECT_API_AUTH_STRING": PASSWORD}
    watch = subprocess.Popen(
        [sys.executable, "-m", "utils.watch"], cwd=ROOT, env=os.environ | address
    )
    time.sleep(SECONDS_OF_THE_FIRST_LOOK)
    memory = psutil.Process(watch.pid).memory_info().rss
    watch.terminate()
    watch.wait()
    return memory


def costs_of_a_look(server: WatchedServer) -> tuple[float, float]:
    """Return the seconds of processor time and the number of requests."""
    watch, requests, send = Watch(), 0, httpx.Client.send

    def count(
        client: httpx.Client, request: httpx.Request, **options: Any
    ) -> httpx.Response:
        nonlocal requests
        requests += 1
        return send(client, request, **options)

    watch.look(server.client)  # reads the days before
    httpx.Client.send = count  # type: ignore[method-assign]
    began = time.thread_time()
    for _ in range(LOOKS):
        watch.look(server.client)
    return (time.thread_time() - began) / LOOKS, requests / LOOKS


if __name__ == "__main__":
    main()
