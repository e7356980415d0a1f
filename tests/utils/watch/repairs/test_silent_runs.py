"""Runs that send no heartbeats, on a real server."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.states import Completed, Pending, Running, Scheduled

from tests.servers.waiting import until
from utils.watch.look import Watch
from utils.watch.repairs import silent_runs
from utils.watch.repairs.silent_runs import SilentRuns, is_heard

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(silent_runs, "SILENT_FOR", timedelta(seconds=2))


@pytest.fixture
def look(server):
    """Function that looks once, and ends silent runs."""
    watch, repair = Watch(), SilentRuns()
    return lambda: repair.end(server.client, watch.look(server.client))


def beat(server, run: UUID) -> None:
    """Send a heartbeat as Prefect's engine does, and wait until it is written."""
    now = datetime.now(UTC)
    heartbeat = {
        "id": str(uuid4()),
        "occurred": now.isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
    }
    server.client.request("POST", "/events", json=[heartbeat])
    until(lambda: is_heard(server.client, str(run), now), "the heartbeat", 20)


def test_only_a_silent_run_is_ended(server, look, caplog):
    deployment = server.deployment("products")
    dead, alive, ended = (server.run(deployment, Running()) for _ in range(3))
    server.client.set_flow_run_state(ended.id, Completed())
    look()
    time.sleep(2)
    beat(server, alive.id)
    new = server.run(deployment, Running())
    look()

    found = {run.id: run for run in server.client.read_flow_runs()}
    names = [found[run.id].state_name for run in (dead, alive, ended, new)]
    assert names == ["Crashed", "Running", "Completed", "Running"]
    assert found[dead.id].state.message == silent_runs.SILENT
    assert f"{dead.name} was ended" in caplog.text


def test_a_run_whose_task_ecs_keeps_going_has_longer_to_begin(server, monkeypatch):
    deployment, watch, repair = server.deployment("products"), Watch(), SilentRuns()
    run = server.run(deployment, Pending())

    def state_after_a_look() -> str:
        history = watch.look(server.client)
        repair.end(server.client, history, with_task={str(run.id)})
        return server.client.read_flow_run(run.id).state_name

    state_after_a_look()
    time.sleep(2)
    assert state_after_a_look() == "Pending"
    monkeypatch.setattr(silent_runs, "STARTING_FOR", timedelta(seconds=2))
    assert state_after_a_look() == "Crashed"


def test_a_run_that_a_worker_took_and_did_not_begin_is_ended(server, look):
    """Also of a deployment of which nobody is told, but not of one of somebody else's."""
    ours = server.deployment("products", tags=("dev",))
    others = server.deployment("visits", tags=())
    dead, foreign = server.run(ours, Pending()), server.run(others, Pending())
    early = server.client.create_flow_run_from_deployment(
        ours, state=Scheduled(scheduled_time=datetime.now(UTC) + timedelta(seconds=3))
    )
    server.client.set_flow_run_state(early.id, Pending())
    look()
    time.sleep(2)
    look()
    found = server.client.read_flow_run(dead.id)
    assert (found.state_name, found.state.message) == ("Crashed", silent_runs.NOT_BEGUN)
    for run in (foreign, early):
        assert server.client.read_flow_run(run.id).state_name == "Pending"


def test_a_run_that_has_gone_on_since_the_look_is_left(server):
    deployment = server.deployment("products")
    begun, gone = (server.run(deployment, Pending()) for _ in range(2))
    watch, repair = Watch(), SilentRuns()
    repair.end(server.client, watch.look(server.client))
    time.sleep(2)
    history = watch.look(server.client)
    server.client.set_flow_run_state(begun.id, Running())
    server.client.delete_flow_run(gone.id)
    repair.end(server.client, history)
    assert server.client.read_flow_run(begun.id).state_name == "Running"


def test_the_slot_of_the_successor_is_kept(server, look):
    """Prefect's own leases take it with a run whose lease has ended."""
    deployment = server.deployment("products", concurrency_limit=1)
    dead, successor = (
        server.client.create_flow_run_from_deployment(deployment) for _ in range(2)
    )
    server.client.set_flow_run_state(dead.id, Pending())
    details = server.client.read_flow_run(dead.id).state.state_details
    path = "/v2/concurrency_limits/decrement-with-lease"
    lease = {"lease_id": str(details.deployment_concurrency_lease_id)}
    server.client.request("POST", path, json=lease)
    for state in (Pending(), Running()):
        server.client.set_flow_run_state(successor.id, state)
    look()
    time.sleep(2)
    beat(server, successor.id)
    look()
    states = [server.client.read_flow_run(run.id) for run in (dead, successor)]
    assert [run.state_name for run in states] == ["Crashed", "Running"]
    limit = server.client.read_deployment(deployment).global_concurrency_limit
    assert limit.active_slots == 1


def test_nobody_is_silent_while_watch_or_the_server_was_away(server, monkeypatch):
    run = server.run(server.deployment("products"), Running())
    time.sleep(3)
    watch, repair = Watch(), SilentRuns()
    history = watch.look(server.client)
    repair.end(server.client, history)  # a new watch has heard nothing yet
    later = replace(history, now=history.now + timedelta(minutes=10))
    repair.end(server.client, later)  # the server was away for ten minutes
    assert server.client.read_flow_run(run.id).state_name == "Running"
    monkeypatch.setattr(silent_runs, "LONGEST_GAP", timedelta(hours=1))
    repair.end(server.client, replace(later, now=later.now + timedelta(minutes=5)))
    assert server.client.read_flow_run(run.id).state_name == "Crashed"
