"""A race: one run with its tasks, and what happens to it, on a real Prefect server."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Callable
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRunPolicy
from prefect.exceptions import ObjectNotFound
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    InfrastructurePending,
    Paused,
    Pending,
    Running,
    Scheduled,
    State,
    Suspended,
)

from tests.cloud.cloud import Cloud
from tests.drills.sweep_kinds import Kind
from tests.servers.waiting import until
from utils.watch.repairs.ecs_tasks import TAG
from utils.watch.repairs.sweeper import GONE, NOT_PLACED

# How often a run takes its time after something has happened, and how long, in seconds.
RESTS, LONGEST_REST = 0.6, 4.0
STATES: dict[str, Callable[[], State]] = {
    "pending": Pending,
    "provisioning": InfrastructurePending,
    "running": Running,
    "completes": Completed,
    "fails": Failed,
    "retrying": partial(Running, name="Retrying"),
    "pauses": partial(Paused, timeout_seconds=600),
    "resumes": Running,
    "suspends": partial(Suspended, timeout_seconds=600),
    "resume": lambda: Scheduled(name="Resuming", scheduled_time=datetime.now(UTC)),
    "reschedules": lambda: AwaitingRetry(scheduled_time=datetime.now(UTC)),
    "retry": lambda: AwaitingRetry(scheduled_time=datetime.now(UTC)),
    "cancel": Cancelling,
    "cancelled": Cancelled,
    "crash": partial(Crashed, message="Somebody ended it."),
}
"""States into which moves bring the run."""
PROGRAM = 'mkfifo end; read code < end; exit "$code"'
"""Command of a task, which ends as it is told, or by SIGTERM."""
# A person takes longer for two of them than the sweeper from its last read to its act.
BY_PERSONS = {"cancel", "crash", "delete", "resume", "retry"}
# After them a task is that of an earlier attempt.
NEW_ATTEMPTS = {"reschedules", "resume", "retry"}


@dataclass
class Cluster:
    """Cluster with definitions of tasks."""

    cloud: Cloud
    name: str = "races"
    definition: str = "task"

    def __post_init__(self) -> None:
        self.ecs = self.cloud.client("ecs")
        made = self.ecs.create_cluster(clusterName=self.name)["cluster"]
        self.arn = made["clusterArn"]
        missing = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/none:1"
        for family, image in ((self.definition, "shell"), ("no-image", missing)):
            container = {"name": "prefect", "image": image, "stopTimeout": 5}
            self.ecs.register_task_definition(
                family=family,
                containerDefinitions=[container | {"command": ["sh", "-c", PROGRAM]}],
                cpu="256",
                memory="512",
            )

    def run(self, run: object, definition: str = "", **changes: Any) -> str:
        """Start a task of a run, and return its ARN."""
        family = definition or self.definition
        request: dict[str, Any] = {"cluster": self.name, "taskDefinition": family}
        tags = [{"key": TAG, "value": str(run)}]
        request |= {"launchType": "FARGATE", "tags": tags} | changes
        return self.ecs.run_task(**request)["tasks"][0]["taskArn"]

    def has_stopped(self, arn: str) -> bool:
        """Return whether a task has stopped, or is forgotten."""
        told = self.ecs.describe_tasks(cluster=self.name, tasks=[arn])["tasks"]
        return all(task["lastStatus"] == "STOPPED" for task in told)

    def end(self, arn: str, code: str) -> None:
        """Let a task's program exit, once it has begun."""
        end = self.cloud.folder / arn.rpartition("/")[2] / "app" / "end"

        def is_told() -> bool:
            with suppress(OSError):  # it has not begun, or has ended
                file = os.open(end, os.O_WRONLY | os.O_NONBLOCK)
                os.write(file, f"{code}\n".encode())
                os.close(file)
                return True
            return self.has_stopped(arn)

        until(is_told, f"the task {arn} to begin", 60)


@dataclass
class Race:
    """Run of one kind."""

    kind: Kind
    client: SyncPrefectClient
    cluster: Cluster
    deployment: UUID
    chance: random.Random
    tasks: list[str] = field(default_factory=list)
    harm: list[str] = field(default_factory=list)
    moved: float = 0.0
    """When the last move was made."""

    def __post_init__(self) -> None:
        self._left = list(self.kind.moves)
        self._earlier: list[str] = []
        """Tasks of earlier attempts."""
        self._rests_until = 0.0
        self._window = -1
        run = self.client.create_flow_run_from_deployment(
            self.deployment, state=Scheduled()
        )
        self.id = run.id
        self._states = {run.state_id}

    def move(self, window: int, at_once: bool = False) -> None:
        """Let the next thing happen, if there is one, and it does not take its time.

        Args:
            window: Number of the time between two reads of the sweeper's.
            at_once: Whether it takes no time.
        """
        if not self._left or not (at_once or time.monotonic() > self._rests_until):
            return
        name, _, argument = self._left[0].partition(":")
        if name in BY_PERSONS:
            if window == self._window:
                return
            self._window = window
        if name == "await":
            if self.client.read_flow_run(self.id).state_name != argument:
                return
        elif name in STATES:
            self._set(STATES[name]())
        else:
            getattr(self, f"_{name}")(*([argument] if argument else []))
        if name in NEW_ATTEMPTS:
            self._earlier = list(self.tasks)
        del self._left[0]
        self.moved = time.monotonic()
        if self.chance.random() < RESTS:
            self._rests_until = self.moved + self.chance.uniform(0, LONGEST_REST)

    def is_settled(self) -> bool:
        """Return whether everything has ended, as far as can be told."""
        if self._left or not all(map(self.cluster.has_stopped, self.tasks)):
            return False
        try:
            state = self.client.read_flow_run(self.id).state
        except ObjectNotFound:
            return True
        return bool(state and state.is_final())

    def judge(self) -> list[str]:
        """Return what is not as it has to be."""
        found = list(self.harm)
        try:
            name = self.client.read_flow_run(self.id).state_name or ""
            states = self.client.read_flow_run_states(self.id)
        except ObjectNotFound:
            name, states = "", []
        if name not in (self.kind.ends or ("",)):
            found.append(f"it is {name or 'deleted'}")
        for state in states:
            if state.id in self._states:
                continue
            is_right = (state.message or "").startswith((GONE, NOT_PLACED))
            if not (self.kind.is_orphan and is_right):
                found.append(f"it became {state.name}: {state.message}")
        there = (arn for arn in self.tasks if not self.cluster.has_stopped(arn))
        found += [f"{arn} is there" for arn in there]
        return [f"a run that {self.kind.name}: {each}" for each in found]

    def see_stop(self, arn: str, after: timedelta, hanging: timedelta) -> None:
        """Judge the sweeper's StopTask at the moment at which it happens.

        Args:
            arn: The task.
            after: Time for which the run has to have been over.
            hanging: The same if it was cancelled, and has not ended.
        """
        if arn in self._earlier:
            return
        state = self.client.read_flow_run(self.id).state
        if not state or not (state.is_final() or state.is_cancelling()):
            self.harm.append(f"its task was stopped while it was {state}")
        elif datetime.now(UTC) - state.timestamp < (
            after if state.is_final() else hanging
        ):
            self.harm.append("its task was stopped too early")

    def _set(self, state: State) -> None:
        answer = self.client.set_flow_run_state(self.id, state)
        if answer.state:
            self._states.add(answer.state.id)
        elif not self.kind.is_orphan:
            self.harm.append(f"{state.name} was refused: {answer.details}")

    def _awaits_retry(self) -> None:
        policy = FlowRunPolicy(retries=1, retry_delay=0)
        self.client.update_flow_run(self.id, empirical_policy=policy)
        self._set(Failed())  # which the server turns into AwaitingRetry

    def _delete(self) -> None:
        self.client.delete_flow_run(self.id)

    def _run(self, *definition: str) -> None:
        self.tasks.append(self.cluster.run(self.id, *definition))

    def _pid(self) -> None:
        infrastructure = f"{self.cluster.arn}::{self.tasks[-1]}"
        self.client.update_flow_run(self.id, infrastructure_pid=infrastructure)

    def _exit(self, code: str) -> None:
        self.cluster.end(self.tasks[-1], code)

    def _exit_first(self, code: str) -> None:
        self.cluster.end(self.tasks[0], code)

    def _forget(self) -> None:
        gone = self.tasks[-1]
        until(lambda: self.cluster.has_stopped(gone), "the task to stop", 60)
        self.cluster.cloud.forget_task(gone)
