"""Runs whose task is gone, and tasks whose run is over, on a real server."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, FlowRunPolicy
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
from utils.errors import ClearError
from utils.watch.history import Restored
from utils.watch.look import Watch
from utils.watch.repairs.ecs_tasks import EcsTasks, LiveTask, StoppedTask
from utils.watch.repairs.silent_runs import is_heard
from utils.watch.repairs.sweeper import CLUSTER, FORGOTTEN, GONE, NOT_PLACED, Sweeper
from utils.watch.repairs.unbegun_runs import NOT_STARTED

slow = pytest.mark.slow
MINUTE = timedelta(minutes=1)
ARN = "arn:aws:ecs:eu-central-1:123456789012:task/ours/1"
KILLED = "Essential container in task exited. Its exit code was 137."


@dataclass(frozen=True)
class KnownTasks(EcsTasks):
    """Cluster of which a test says what ECS tells."""

    cluster: str = "ours"
    alive: list[LiveTask] = field(default_factory=list)
    ended: dict[str, StoppedTask] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    """Calls of StopTask."""
    errors: list[ClearError] = field(default_factory=list)

    def live(self) -> list[LiveTask]:
        if self.errors:
            raise self.errors[0]
        return self.alive

    def stopped(self, arns: list[str]) -> dict[str, StoppedTask]:
        return {arn: self.ended[arn] for arn in arns if arn in self.ended}

    def stop(self, arn: str, reason: str) -> None:
        self.told.append((arn, reason))


@dataclass
class Sweeps:
    """Looks of watch, minutes after each other."""

    server: object
    tasks: KnownTasks = field(default_factory=KnownTasks)

    def __post_init__(self) -> None:
        self.sweeper = Sweeper(self.tasks)
        self._watch = Watch()
        self.minutes = 0.0

    def look(self, minutes: float = 1.0, meanwhile=lambda: None, **known) -> None:
        """Look so long after the last look, and act after something has happened."""
        self.minutes += minutes
        history = self._watch.look(self.server.client)
        now = history.now + self.minutes * MINUTE
        meanwhile()
        self.sweeper.sweep(self.server.client, replace(history, now=now, **known))

    def run(self, *states, is_told: bool = True, **options) -> FlowRun:
        """Make a run with a task, in the states after Pending."""
        deployment = self.server.deployment("products", **options)
        run = self.server.run(deployment)
        self.attempt(run, *states, is_told=is_told)
        return run

    def attempt(self, run: FlowRun, *states, is_told: bool = True) -> None:
        """Take a run as a worker does, and bring it into further states."""
        client = self.server.client
        client.set_flow_run_state(run.id, Pending())
        if is_told:
            client.update_flow_run(run.id, infrastructure_pid=f"ours::{ARN}")
            self.end()
        for state in states:
            client.set_flow_run_state(run.id, state)

    def end(self, **changes) -> None:
        """Let ECS tell that the task has stopped just now."""
        now = datetime.now(UTC)
        task = StoppedTask(ARN, created=now, stopped=now, reason=KILLED)
        self.tasks.ended[ARN] = replace(task, **changes)

    def start(self, run: UUID) -> None:
        """Let ECS tell that a task of a run is there."""
        self.tasks.alive.append(LiveTask(f"{ARN}0", run, datetime.now(UTC)))

    def state(self, run: FlowRun):
        return self.server.client.read_flow_run(run.id).state

    def names(self, *runs: FlowRun) -> list[str]:
        return [self.state(run).name for run in runs]


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
