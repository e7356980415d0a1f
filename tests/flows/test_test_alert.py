"""test_alert fails in the way that it is asked to, against a real Prefect server.

How the worker sees a process that exits is in tests/repository/test_deployments.py.
"""

from __future__ import annotations

import os
import subprocess

import pytest

# by another name: pytest would take it for a test
from flows.test_alert import test_alert as alert
from tests.repository.tree import ROOT
from tests.servers.prefect_api import logs_of
from tests.servers.python import python


def test_it_raises(prefect_api):
    state = alert(return_state=True)
    assert (state.type.value, state.name) == ("FAILED", "Failed")
    assert "failed on purpose" in state.message
    (line,) = [
        log.message
        for log in logs_of(state.state_details.flow_run_id)
        if log.name == "prefect.flow_runs" and "raises on purpose" in log.message
    ]
    assert line == "This run raises on purpose"


def test_it_times_out(prefect_api):
    flow = alert.with_options(timeout_seconds=0.5)
    state = flow(way="times out", return_state=True)
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")


@pytest.mark.parametrize(
    "arguments, code, says",
    [
        (
            ["--help"],
            0,
            "[choices: raises, times out, exits, succeeds] [default: raises]",
        ),
        (
            ["--way", "explodes"],
            2,
            'Choose from: "raises", "times out", "exits", "succeeds"',
        ),
        (["--way", "raises"], 1, "error: This run failed on purpose"),
        (["--way", "times out"], 1, "exceeded timeout of 5"),
        (["--way", "exits"], 70, "This run exits on purpose"),
        (["--way", "succeeds"], 0, "This run succeeds on purpose"),
    ],
)
def test_from_a_command_line(prefect_api, arguments, code, says):
    done = subprocess.run(
        [python(), "-m", "flows.test_alert", *arguments],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert says in " ".join((done.stdout + done.stderr).replace("│", " ").split())
