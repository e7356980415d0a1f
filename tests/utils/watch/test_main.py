"""`python -m utils.watch` as a process, as beside the worker."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from prefect.states import Failed, Running

from tests.repository.tree import ROOT
from tests.servers.python import python
from tests.servers.waiting import until
from tests.utils.watch.watched_server import PASSWORD

pytestmark = pytest.mark.slow


def test_it_waits_for_the_server_tells_and_ends(server, tmp_path: Path):
    server.run(server.deployment("products"), Running(), Failed(message="away"))
    server.slack.status = 403
    server.stop()
    log = tmp_path / "log"
    with log.open("w") as output:
        watch = subprocess.Popen(
            [python(), "-m", "tests.utils.watch.impatient_watch"],
            cwd=ROOT,
            env=os.environ
            | {"PREFECT_API_URL": server.api, "PREFECT_API_AUTH_STRING": PASSWORD},
            stderr=output,
        )
    try:
        until(lambda: "does not answer" in log.read_text(), "an error")
        server.start()
        until(lambda: "alerts: not told run-failed" in log.read_text(), "an error")
        server.slack.status = 200
        server.slack.api.requests.clear()
        until(server.texts, "the message")
        assert watch.poll() is None
    finally:
        watch.send_signal(signal.SIGTERM)
    assert watch.wait(20) == 0
    assert PASSWORD not in log.read_text()
    assert server.texts() == ["products/production failed: away"]


def test_without_a_server_it_says_so():
    environment = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    done = subprocess.run(
        [python(), "-m", "utils.watch"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "PREFECT_API_URL is not set" in done.stderr
