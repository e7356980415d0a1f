"""Runs whose task is gone, and tasks whose run is over, on a real server."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRunPolicy
from prefect.states import (
    AwaitingRetry,
    Cancelling,
    Completed,
    Failed,
    InfrastructurePending,
    Pending,
    Running,
    Scheduled,
)

from tests.servers.waiting import until
from tests.utils.watch.swept_server import ARN, KILLED, Sweeps
from utils.errors import ClearError
from utils.watch.history import Restored
from utils.watch.repairs.ecs_tasks import EcsTasks, StoppedTask
from utils.watch.repairs.silent_runs import is_heard
from utils.watch.repairs.sweeper import CLUSTER, FORGOTTEN, GONE, NOT_PLACED, Sweeper
from utils.watch.repairs.unbegun_runs import NOT_STARTED

slow = pytest.mark.slow


@pytest.fixture
def sweeps(server) -> Sweeps:
    return Sweeps(server)


@slow
def test_a_run_is_ended_at_the_second_look_that_finds_its_task_gone(sweeps, caplog):
    run = sweeps.run(Running())
    sweeps.look()
    sweeps.look(0.5)
    assert sweeps.names(run) == ["Running"]
    sweeps.look(0.5)
    state = sweeps.state(run)
    assert (state.name, state.message) == ("Crashed", f"{GONE} {KILLED}")
    assert f"{run.name} was ended. {GONE}" in caplog.text


@slow
@pytest.mark.parametrize("states", [(), (InfrastructurePending(),)])
def test_a_task_without_a_place_is_tried_again_as_if_prefect_aws_had_told(
    sweeps, states
):
    run = sweeps.run(*states)
    sweeps.end(is_placed=False, reason="RESOURCE:GPU.")
    sweeps.look()
    sweeps.look()
    state = sweeps.state(run)
    assert (state.name, state.message) == ("Crashed", f"{NOT_PLACED} RESOURCE:GPU.")
    assert state.message.startswith(NOT_STARTED)


@slow
def test_a_run_that_is_being_cancelled_becomes_cancelled(sweeps):
    run = sweeps.run(Running(), Cancelling())
    sweeps.look()
    sweeps.look()
    state = sweeps.state(run)
    assert (state.name, state.message) == ("Cancelled", f"{GONE} {KILLED}")


@slow
def test_of_the_runs_that_await_a_retry_those_in_their_process_are_ended(sweeps):
    """No worker starts them. The others get another task."""
    lost, rescheduled = sweeps.run(Running()), sweeps.run(Running())
    policy = FlowRunPolicy(retries=1, retry_delay=0)
    client = sweeps.server.client
    client.update_flow_run(lost.id, empirical_policy=policy)
    client.set_flow_run_state(lost.id, Failed())
    again = AwaitingRetry(scheduled_time=datetime.now(UTC))
    client.set_flow_run_state(rescheduled.id, again)
    assert sweeps.names(lost, rescheduled) == ["AwaitingRetry"] * 2
    sweeps.look()
    sweeps.look()
    assert sweeps.names(lost, rescheduled) == ["Crashed", "AwaitingRetry"]


@slow
@pytest.mark.parametrize("states", [(), (Running(),)], ids=["pending", "running"])
@pytest.mark.parametrize("is_forgotten", [False, True])
def test_the_task_of_an_earlier_attempt_says_nothing(sweeps, states, is_forgotten):
    run = sweeps.run(Running(), Failed())
    sweeps.server.client.set_flow_run_state(run.id, Scheduled())
    sweeps.attempt(run, *states, is_told=False)
    if is_forgotten:
        sweeps.tasks.ended[ARN] = StoppedTask(ARN)
    before = sweeps.names(run)
    for _ in range(3):
        sweeps.look()
    assert sweeps.names(run) == before


@slow
def test_a_forgotten_task_is_gone_if_the_attempt_is_older_than_ecs_remembers(sweeps):
    run = sweeps.run(Running())
    sweeps.tasks.ended[ARN] = StoppedTask(ARN)
    for _ in range(59):
        sweeps.look()
    assert sweeps.names(run) == ["Running"]
    sweeps.look(2)
    assert sweeps.state(run).message == f"{GONE} {FORGOTTEN}"


@slow
def test_a_run_with_another_task_is_left(sweeps):
    run = sweeps.run(Running())
    sweeps.look()
    sweeps.start(run.id)
    sweeps.look()
    sweeps.tasks.alive.clear()
    sweeps.look()
    assert sweeps.names(run) == ["Running"], "it was not gone at both looks"
    sweeps.look()
    assert sweeps.names(run) == ["Crashed"]


@slow
def test_a_run_that_was_heard_since_its_task_stopped_is_left(sweeps):
    run, now = sweeps.run(Running()), datetime.now(UTC)
    heartbeat = {
        "id": str(uuid4()),
        "occurred": now.isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run.id}"},
    }
    client = sweeps.server.client
    client.request("POST", "/events", json=[heartbeat])
    until(lambda: is_heard(client, str(run.id), now), "the heartbeat", 20)
    sweeps.look()
    sweeps.look()
    assert sweeps.names(run) == ["Running"]


@slow
def test_a_run_that_has_changed_since_the_look_is_left(sweeps):
    completed, retried, retold, deleted = (sweeps.run(Running()) for _ in range(4))
    client = sweeps.server.client
    sweeps.look()

    def change() -> None:
        client.set_flow_run_state(completed.id, Completed())
        for state in (Failed(), Scheduled(), Pending()):
            client.set_flow_run_state(retried.id, state)
        client.update_flow_run(retold.id, infrastructure_pid=f"ours::{ARN}2")
        client.delete_flow_run(deleted.id)

    sweeps.look(meanwhile=change)
    found = sweeps.names(completed, retried, retold)
    assert found == ["Completed", "Pending", "Running"]


@slow
def test_a_task_is_stopped_five_minutes_after_its_run_was_seen_to_be_over(
    sweeps, caplog
):
    run, going = sweeps.run(Running(), Completed()), sweeps.run(Running())
    for each in (run, going):
        sweeps.start(each.id)
    sweeps.start(uuid4())  # a run that this server does not know
    for _ in range(5):
        sweeps.look()
    assert sweeps.tasks.told == []
    sweeps.look()
    ((arn, reason),) = sweeps.tasks.told
    assert arn == f"{ARN}0" and f"{run.name} ({run.id}) is Completed since" in reason
    assert f"{run.name} is Completed since" in caplog.text
    assert sweeps.names(run) == ["Completed"]


@slow
def test_a_task_is_stopped_ten_minutes_after_its_run_was_cancelled(sweeps):
    run = sweeps.run(Running(), Cancelling())
    sweeps.start(run.id)
    for _ in range(10):
        sweeps.look()
    assert sweeps.tasks.told == []
    sweeps.look()
    ((_, reason),) = sweeps.tasks.told
    assert f"{run.name} ({run.id}) is Cancelling since" in reason


@slow
def test_a_task_is_left_if_its_run_was_retried(sweeps):
    run, other = (sweeps.run(Running(), Failed()) for _ in range(2))
    client = sweeps.server.client
    for each in (run, other):
        sweeps.start(each.id)
    sweeps.look()
    client.set_flow_run_state(run.id, Scheduled())
    sweeps.attempt(run, Running(), Failed())  # is over for another reason
    sweeps.look(5, meanwhile=lambda: client.set_flow_run_state(other.id, Scheduled()))
    assert sweeps.tasks.told == []


@slow
def test_what_a_backup_does_not_know_is_left_or_unknown(sweeps):
    """A run retried after the backup has a task, and Prefect takes it for failed."""
    retried, gone = sweeps.run(Running(), Failed()), sweeps.run(Running())
    restored = Restored(datetime.now(UTC), datetime.now(UTC))
    sweeps.start(retried.id)
    for _ in range(7):
        sweeps.look(restored=restored)
    assert sweeps.tasks.told == []
    assert sweeps.names(retried, gone) == ["Failed", "Unknown"]


@slow
def test_nothing_is_known_while_aws_does_not_answer(sweeps, caplog):
    run = sweeps.run(Running())
    sweeps.look()
    sweeps.tasks.errors.append(ClearError("Rate exceeded."))
    for _ in range(3):
        sweeps.look()
    assert sweeps.names(run) == ["Running"]
    assert caplog.text.count("Nothing was swept. Rate exceeded.") == 1
    sweeps.tasks.errors.clear()
    sweeps.look()
    assert sweeps.names(run) == ["Crashed"]


def test_nothing_is_swept_without_a_cluster(monkeypatch):
    monkeypatch.delenv(CLUSTER, raising=False)
    assert Sweeper.of_environment() is None
    monkeypatch.setenv(CLUSTER, "")
    assert Sweeper.of_environment() is None
    monkeypatch.setenv(CLUSTER, "ours")
    sweeper = Sweeper.of_environment()
    assert sweeper and sweeper.tasks == EcsTasks("ours")
