"""What is logged of a real Prefect server: with its scheduler, without it, and without any."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import IntervalSchedule

from infrastructure.server_pulse import Server, look, schedule_lag
from tests.repository.tree import ROOT
from tests.servers import prefect
from tests.servers.ports import free_port
from tests.servers.prefect import running_server
from tests.servers.python import python
from tests.servers.waiting import until

CODE = ROOT / "infrastructure" / "server_pulse.py"
PASSWORD = "admin:a-password-of-prefect"
SETTINGS = {
    "PREFECT_SERVER_API_AUTH_STRING": PASSWORD,
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
}
GRACE = timedelta(seconds=5)
EVERY = timedelta(seconds=10)


@contextmanager
def a_server(home: Path, **settings: str) -> Iterator[str]:
    url = f"http://127.0.0.1:{free_port()}/api"
    with running_server(home, url, SETTINGS | settings):
        yield url


@pytest.mark.slow
def test_a_scheduler_that_makes_no_runs_is_noticed(tmp_path, monkeypatch):
    # Prefect reads the scheduler's setting when it is imported
    command = (sys.executable, "-m", "prefect")
    monkeypatch.setattr(prefect, "prefect_command", lambda: command)
    with a_server(tmp_path) as url:
        client = SyncPrefectClient(url, auth_string=PASSWORD)
        server = Server(url, PASSWORD)
        assert look(server) == {"ready": 1, "schedule_lag_seconds": 0}
        schedule = DeploymentScheduleCreate(schedule=IntervalSchedule(interval=EVERY))
        deployment = client.create_deployment(
            client.create_flow_from_name("products"),
            "production",
            schedules=[schedule],
        )
        until(client.read_flow_runs, "scheduled runs")
        deadline = time.monotonic() + (EVERY + 2 * GRACE).total_seconds()
        while time.monotonic() < deadline:
            assert schedule_lag(server, GRACE) == 0
            time.sleep(1)

    with a_server(tmp_path, PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED="false") as url:
        client = SyncPrefectClient(url, auth_string=PASSWORD)
        server = Server(url, PASSWORD)
        lag = until(lambda: schedule_lag(server, GRACE), "the lag", 60)
        assert lag >= GRACE.total_seconds()
        # by default it has ten minutes, and a paused deployment is owed nothing
        assert look(server) == {"ready": 1, "schedule_lag_seconds": 0}
        client.pause_deployment(deployment)
        assert schedule_lag(server, GRACE) == 0


@pytest.mark.slow
def test_the_command_logs_lines_that_the_metric_filters_read(tmp_path):
    with a_server(tmp_path) as url:
        line = first_line(url, PASSWORD)
        assert json.loads(line) == {"ready": 1, "schedule_lag_seconds": 0}
        assert "401" in first_line(url, "admin:another")
    assert json.loads(first_line(url, PASSWORD)) == {"ready": 0}


def first_line(url: str, password: str) -> str:
    """Return what the command prints first."""
    process = subprocess.Popen(
        [python(), "-m", "infrastructure.server_pulse", url],
        cwd=ROOT,
        env=os.environ | {"PREFECT_API_AUTH_STRING": password},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        return process.stdout.readline()
    finally:
        process.kill()
        process.wait()


def test_it_needs_the_memory_of_python_alone():
    imported = re.findall(r"^(?:import|from) (\w+)", CODE.read_text(), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names
