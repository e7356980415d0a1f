"""Slots and leases on a real server, beside healthy runs."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, FlowRunPolicy
from prefect.states import Completed, Failed, Pending, Running

from utils.watch.look import Watch
from utils.watch.repairs import slots

pytestmark = pytest.mark.slow


@pytest.fixture
def deployment(server) -> UUID:
    return server.deployment("products", concurrency_limit=1)


@pytest.fixture
def lost(server, deployment) -> FlowRun:
    """A run whose machine is gone: it is Running, and its lease has ended."""
    run = begun(server, deployment)
    details = server.client.read_flow_run(run.id).state.state_details
    lease = str(details.deployment_concurrency_lease_id)
    # what Prefect's server does with a lease that nobody renews
    path = "/v2/concurrency_limits/decrement-with-lease"
    server.client.request("POST", path, json={"lease_id": lease})
    assert taken(server, deployment) == 0
    return run


@pytest.fixture
def look(server):
    """Function that looks once, and repairs slots."""
    watch, repair = Watch(), slots.Slots()
    return lambda: repair.repair(server.client, watch.look(server.client))


def begun(server, deployment: UUID) -> FlowRun:
    """Start a run as a worker and Prefect's engine do."""
    run = server.client.create_flow_run_from_deployment(deployment)
    for state in (Pending(), Running()):
        server.client.set_flow_run_state(run.id, state)
    return run


def state(server, run: FlowRun) -> str | None:
    return server.client.read_flow_run(run.id).state_name


def taken(server, deployment: UUID) -> int:
    return server.client.read_deployment(
        deployment
    ).global_concurrency_limit.active_slots


def test_a_slot_that_nobody_holds_is_freed_once_no_lease_can_hold_it(
    server, deployment, look, monkeypatch, caplog
):
    limit = server.client.read_deployment(deployment).global_concurrency_limit
    server.client.increment_concurrency_slots([limit.name], 1, mode="concurrency")
    look()
    look()
    assert taken(server, deployment) == 1

    monkeypatch.setattr(slots, "LONGEST_LEASE", timedelta())
    look()
    assert taken(server, deployment) == 0
    assert "a slot of its concurrency limit was taken since" in caplog.text
    run = server.client.create_flow_run_from_deployment(deployment)
    for each in (Pending(), Running()):
        server.client.set_flow_run_state(run.id, each)
        look()
        look()
        assert state(server, run) == each.name and taken(server, deployment) == 1


def test_a_lost_run_does_not_stay_running_beside_its_successor(
    server, deployment, lost, look, monkeypatch
):
    successor = begun(server, deployment)
    look()
    assert state(server, lost) == "Running", "it has begun just now"

    monkeypatch.setattr(slots, "SILENT_FOR", timedelta())
    look()
    look()
    assert state(server, lost) == "Crashed"
    assert state(server, successor) == "Running"
    assert taken(server, deployment) == 1


def test_a_lost_run_that_sends_heartbeats_is_left(
    server, deployment, lost, look, monkeypatch
):
    """Prefect itself ends it at its next renewal."""
    begun(server, deployment)
    heartbeat = {
        "id": str(uuid4()),
        "occurred": (datetime.now(UTC) + timedelta(seconds=1)).isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{lost.id}"},
    }
    server.client.request("POST", "/events", json=[heartbeat])
    time.sleep(1)  # until it is written
    monkeypatch.setattr(slots, "SILENT_FOR", timedelta(seconds=1))
    time.sleep(0.1)
    look()
    assert state(server, lost) == "Running"


def test_a_run_that_its_process_tries_again_keeps_its_slot(
    server, deployment, look, monkeypatch
):
    monkeypatch.setattr(slots, "LONGEST_LEASE", timedelta())
    run = begun(server, deployment)
    policy = FlowRunPolicy(retries=1, retry_delay=600)
    server.client.update_flow_run(run.id, empirical_policy=policy)
    server.client.set_flow_run_state(run.id, Failed())
    assert state(server, run) == "AwaitingRetry" and taken(server, deployment) == 1
    look()
    look()
    assert taken(server, deployment) == 1


def test_healthy_runs_are_left_in_any_order_of_events(
    server, deployment, look, monkeypatch, caplog
):
    """Runs begin and end while watch looks, so that its reads are of different moments."""
    monkeypatch.setattr(slots, "LONGEST_LEASE", timedelta(seconds=1))
    monkeypatch.setattr(slots, "SILENT_FOR", timedelta())
    ended = threading.Event()
    looks: list[Exception | None] = []

    def keep_looking() -> None:
        while not ended.is_set():
            look()
            looks.append(None)

    looking = threading.Thread(target=keep_looking)
    looking.start()
    runs = []
    for _ in range(60):
        run = begun(server, deployment)
        runs.append(run)
        server.client.set_flow_run_state(run.id, Completed())
    ended.set()
    looking.join()

    assert len(looks) > 10
    assert {state(server, run) for run in runs} == {"Completed"}
    assert taken(server, deployment) == 0
    assert "is free now" not in caplog.text and "was ended" not in caplog.text
