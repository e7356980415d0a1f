"""Runs that could not be started, on a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled, Crashed, Pending, Running, Scheduled

from utils.watch.look import Watch
from utils.watch.repairs import unbegun_runs
from utils.watch.repairs.unbegun_runs import NOT_STARTED, UnbegunRuns

pytestmark = pytest.mark.slow

REFUSED = f"{NOT_STARTED[0]}: ConnectError: All connection attempts failed"


@pytest.fixture
def look(server):
    """Function that looks once, and starts runs again."""
    watch, repair = Watch(), UnbegunRuns()
    return lambda: repair.start_again(server.client, watch.look(server.client))


def crash(server, run: FlowRun, message: str = REFUSED) -> None:
    """Let a worker take a run and fail to start it."""
    server.client.set_flow_run_state(run.id, Pending())
    server.client.set_flow_run_state(run.id, Crashed(message=message))


def others(server, deployment: UUID, *known: FlowRun) -> list[FlowRun]:
    """Return the deployment's other runs."""
    ids = {run.id for run in known}
    return [
        run
        for run in server.client.read_flow_runs()
        if run.deployment_id == deployment and run.id not in ids
    ]


def test_two_more_runs_are_tried(server, look, caplog):
    deployment = server.deployment("products")
    runs = [server.run(deployment, Scheduled(), full_refresh=True)]
    for minutes in (0, 3):
        crash(server, runs[-1])
        look()
        look()
        watch_beside = UnbegunRuns()
        watch_beside.start_again(server.client, Watch().look(server.client))
        (again,) = others(server, deployment, *runs)
        assert again.state_name == "Scheduled"
        assert again.parameters == {"full_refresh": True}
        wait = again.next_scheduled_start_time - datetime.now(UTC)
        assert timedelta(0) < timedelta(minutes=minutes) - wait < timedelta(seconds=60)
        told = f"{runs[-1].name} could not be started. {again.name} takes its place"
        assert told in caplog.text
        runs.append(again)
    crash(server, runs[-1])
    look()
    assert not others(server, deployment, *runs)
    states = {server.client.read_flow_run(run.id).state_name for run in runs}
    assert states == {"Crashed"}


def test_others_are_left(server, look, monkeypatch):
    """What has begun, was ended by somebody, is gone, or is a backfill's chunk."""
    deployment = server.deployment("products")
    begun = server.run(deployment, Running())
    server.client.set_flow_run_state(begun.id, Crashed(message=REFUSED))
    exited, cancelled, chunk, gone = (
        server.run(deployment, Scheduled()) for _ in range(4)
    )
    crash(server, exited, "Flow run infrastructure exited with non-zero status code 1.")
    server.client.set_flow_run_state(cancelled.id, Cancelled(message=REFUSED))
    server.client.update_flow_run(chunk.id, tags=["backfill", "backfill:1c"])
    crash(server, chunk)
    crash(server, gone)
    watch = Watch()
    history = watch.look(server.client)
    server.client.delete_flow_run(gone.id)
    UnbegunRuns().start_again(server.client, history)
    assert not others(server, deployment, begun, exited, cancelled, chunk)

    old = server.run(deployment, Scheduled())
    crash(server, old)
    monkeypatch.setattr(unbegun_runs, "LATEST", timedelta(seconds=-1))
    look()
    assert not others(server, deployment, begun, exited, cancelled, chunk, old)
