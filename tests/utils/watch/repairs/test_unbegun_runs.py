"""Runs that a worker could not start, on a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled, Crashed, Pending, Running, Scheduled

from utils.watch.look import Watch
from utils.watch.repairs.unbegun_runs import NOT_STARTED, start_unbegun_runs

pytestmark = pytest.mark.slow

REFUSED = f"{NOT_STARTED}: ConnectError: All connection attempts failed"


@pytest.fixture
def look(server):
    """Function that looks once, and starts runs again."""
    watch = Watch()
    return lambda: start_unbegun_runs(server.client, watch.look(server.client))


def crash(server, run: FlowRun, message: str = REFUSED) -> None:
    """Let a worker take a run and fail to start it."""
    server.client.set_flow_run_state(run.id, Pending())
    server.client.set_flow_run_state(run.id, Crashed(message=message))


def names(server, *runs: FlowRun) -> list[str]:
    found = [server.client.read_flow_run(run.id) for run in runs]
    return [run.state_name for run in found]


def test_it_is_started_twice_more(server, look, caplog):
    run = server.run(server.deployment("products"), Scheduled())
    for minutes in (1, 3):
        crash(server, run)
        look()
        look()
        found = server.client.read_flow_run(run.id)
        assert found.state_name == "Scheduled"
        wait = found.next_scheduled_start_time - datetime.now(UTC)
        assert timedelta(0) < timedelta(minutes=minutes) - wait < timedelta(seconds=30)
        assert f"{run.name}. Its worker could not start it" in caplog.text
    crash(server, run)
    look()
    assert names(server, run) == ["Crashed"]


def test_others_are_left(server, look, monkeypatch):
    """What has begun, was ended by somebody, or is a backfill's, which does it itself."""
    deployment = server.deployment("products")
    begun = server.run(deployment, Running())
    server.client.set_flow_run_state(begun.id, Crashed(message=REFUSED))
    exited, cancelled, chunk = (server.run(deployment, Scheduled()) for _ in range(3))
    crash(server, exited, "Flow run infrastructure exited with non-zero status code 1.")
    server.client.set_flow_run_state(cancelled.id, Cancelled(message=REFUSED))
    server.client.update_flow_run(chunk.id, tags=["backfill"])
    crash(server, chunk)
    look()
    found = names(server, begun, exited, cancelled, chunk)
    assert found == ["Crashed", "Crashed", "Cancelled", "Crashed"]

    old = server.run(deployment, Scheduled())
    crash(server, old)
    monkeypatch.setattr(
        "utils.watch.repairs.unbegun_runs.LATEST", timedelta(seconds=-1)
    )
    look()
    assert names(server, old) == ["Crashed"]
