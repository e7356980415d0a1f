"""Looks of the sweeper at a real server, beside a cluster of which a test knows the tasks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.schemas.objects import FlowRun
from prefect.states import Pending

from tests.utils.watch.watched_server import WatchedServer
from utils.errors import ClearError
from utils.watch.look import Watch
from utils.watch.repairs.ecs_tasks import EcsTasks, LiveTask, StoppedTask
from utils.watch.repairs.sweeper import Sweeper

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

    server: WatchedServer
    tasks: KnownTasks = field(default_factory=KnownTasks)

    def __post_init__(self) -> None:
        self.minutes = 0.0
        self.sweeper = Sweeper(self.tasks, clock=lambda: self.minutes * MINUTE)
        self._watch = Watch()

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
