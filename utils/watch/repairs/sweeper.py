"""Runs whose task is gone, and tasks whose run is over: what ECS's events did not tell.

prefect-aws acknowledges an event of a task that it cannot describe, such as one of many at
once, and none of them comes again. Then a run waits for a task that has stopped
(PrefectHQ/prefect#20485, #21616), or a task costs on after its run (#16939).

What is found has to stay the same until another look, and is read again before anything is
done. Only Prefect's final states refuse a change by themselves.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Callable, Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_logger

from utils.errors import ClearError
from utils.runs.prefect_server import read_all
from utils.watch.history import FINAL, Deployment, History, Run, moment
from utils.watch.repairs.ecs_tasks import EcsTasks, LiveTask, StoppedTask
from utils.watch.repairs.lost_runs import HOLDERS, as_seen, end_lost_run
from utils.watch.repairs.silent_runs import is_heard

CLUSTER = "ECS_CLUSTER"
"""Variable with the cluster's name or ARN. Without it, as on a laptop, nothing is swept."""
IN_ITS_PROCESS = "AwaitingRetry"
# States in which a run needs no task.
OVER = {*FINAL, "CANCELLING"}
GONE = "Its task on ECS has stopped:"
# As prefect-aws says it of such a run, of which another one takes the place.
NOT_PLACED = "ECS task failed to start:"
FORGOTTEN = "ECS has forgotten it, so that it stopped an hour ago or earlier."

logger = get_logger("watch")


@dataclass(frozen=True)
class Gone:
    """Run whose task has stopped."""

    deployment: Deployment
    run: Run
    task: StoppedTask

    @property
    def key(self) -> tuple[str, str, datetime]:
        """Facts that have to stay the same: task, run, and since when its state is so."""
        return self.task.arn, self.run.id, self.run.state.at


@dataclass(frozen=True)
class Over:
    """Task whose run is over, or should be: it was cancelled."""

    task: LiveTask
    run: FlowRun

    @property
    def key(self) -> tuple[str, str, datetime]:
        """Facts that have to stay the same: task, run, and since when its state is so."""
        assert self.run.state
        return self.task.arn, str(self.run.id), moment(self.run.state.timestamp)


@dataclass
class Sweeper:
    """Memory from look to look."""

    tasks: EcsTasks
    every: timedelta = timedelta(minutes=1)
    gone_for: timedelta = timedelta(seconds=50)
    """Time from the end of a look that finds a task gone to the next, which ends its run."""
    over_for: timedelta = timedelta(minutes=5)
    """The same for a task whose run is over: it may still have to clean up."""
    hangs_for: timedelta = timedelta(minutes=10)
    """The same for a task whose run was cancelled, and does not end."""
    told_for: timedelta = timedelta(hours=1)
    """Time for which ECS tells of a task that has stopped, at least."""
    with_task: frozenset[str] = frozenset()
    """Ids of the runs with a task at the last look, at which AWS answered."""
    clock: Callable[[], timedelta] = lambda: timedelta(seconds=time.monotonic())
    _looked: timedelta | None = None
    _since: dict[tuple[str, str, datetime], timedelta] = field(default_factory=dict)
    _complaint: str = ""

    @classmethod
    def of_environment(cls) -> Sweeper | None:
        """Return the sweeper of the environment's cluster, None if there is none."""
        cluster = os.environ.get(CLUSTER)
        return cls(EcsTasks(cluster)) if cluster else None

    def sweep(self, client: SyncPrefectClient, history: History) -> None:
        """End what has been found before. If AWS does not answer, nothing is known."""
        now = self.clock()
        if self._looked is not None and now - self._looked < self.every:
            return
        self._looked = now
        try:
            self._sweep(client, history, now)
            self._complaint = ""
        except ClearError as error:
            if str(error) != self._complaint:
                logger.warning("Nothing was swept. %s", error)
            self._complaint = str(error)

    def _sweep(
        self, client: SyncPrefectClient, history: History, now: timedelta
    ) -> None:
        live = self.tasks.live()
        self.with_task = frozenset(str(task.run) for task in live)
        gone = list(self._gone(history))
        over = list(_over(client, history, live))
        # what is new may have become so just now
        before, later = self._since, self.clock()
        keys = [*(each.key for each in gone), *(each.key for each in over)]
        self._since = {key: before.get(key, later) for key in keys}
        for lost in gone:
            if now - self._since[lost.key] >= self.gone_for:
                with suppress(ObjectNotFound):  # the run was deleted
                    self._end(client, history, lost)
        for left in over:
            is_final = left.run.state and left.run.state.is_final()
            if now - self._since[left.key] >= (
                self.over_for if is_final else self.hangs_for
            ):
                with suppress(ObjectNotFound):
                    self._stop(client, left)

    def _gone(self, history: History) -> Iterator[Gone]:
        """Yield the runs whose own task has stopped, and that have no other one."""
        suspects = [
            (deployment, run, arn)
            for deployment in history.all_deployments
            for run in deployment.runs
            if run.state.type in HOLDERS or run.state.name == IN_ITS_PROCESS
            if (arn := self.tasks.arn(run.infrastructure))
            and run.id not in self.with_task
        ]
        stopped = self.tasks.stopped([arn for _, _, arn in suspects])
        for deployment, run, arn in suspects:
            if arn in stopped:
                yield Gone(deployment, run, stopped[arn])

    def _end(self, client: SyncPrefectClient, history: History, lost: Gone) -> None:
        """End a run, unless its task is that of an earlier attempt, or somebody works."""
        run, task = lost.run, lost.task
        began = _attempt(client.read_flow_run_states(UUID(run.id)))
        forgotten = history.now - self.told_for
        if began is None or began > (task.created or forgotten):
            return
        if run.state.type == "RUNNING":
            if is_heard(client, run.id, task.stopped or forgotten):
                return
        found = as_seen(client, run)
        if found is None or found.infrastructure_pid != run.infrastructure:
            return
        if run.state.name == IN_ITS_PROCESS:
            # otherwise a worker starts another task for it
            if found.empirical_policy.retry_type != "in_process":
                return
        not_placed = run.state.type == "PENDING" and not task.is_placed
        message = f"{NOT_PLACED if not_placed else GONE} {task.reason or FORGOTTEN}"
        end_lost_run(client, lost.deployment, found, message, history.restored)

    def _stop(self, client: SyncPrefectClient, left: Over) -> None:
        """Stop a task. A retry of its run from now on has another one."""
        run = client.read_flow_run(left.run.id)
        if run.state_id != left.run.state_id:
            return
        was = f"{run.state_name} since {left.key[2].isoformat(timespec='seconds')}"
        self.tasks.stop(left.task.arn, f"Its run {run.name} ({run.id}) is {was}.")
        logger.warning(
            "%s is %s, and its task was still there. It was stopped: %s",
            *(run.name, was, left.task.arn),
        )


def _over(
    client: SyncPrefectClient, history: History, live: list[LiveTask]
) -> Iterator[Over]:
    """Yield the tasks whose run has ended or was cancelled, as Prefect tells after ECS.

    A run that hangs does not see that it was cancelled, and nobody else stops one that has
    begun. Without its task the next looks make it Cancelled.
    """
    unfinished = {
        run.id
        for deployment in history.all_deployments
        for run in deployment.runs
        if run.state.type not in OVER
    }
    suspects = [task for task in live if str(task.run) not in unfinished]
    if not suspects:
        return
    ids = FlowRunFilter.model_validate(
        {"id": {"any_": [each.run for each in suspects]}}
    )
    runs = read_all(
        client.read_flow_runs, flow_run_filter=ids, sort=FlowRunSort.ID_DESC
    )
    found = {run.id: run for run in runs}
    for task in suspects:
        # a run that Prefect does not know may be another server's
        run = found.get(task.run)
        if run and run.state and run.state.type.value in OVER:
            ended = moment(run.state.timestamp)
            # a backup may not know that the run was retried
            if ended > history.restored.known_until or task.created < ended:
                yield Over(task, run)


def _attempt(states: list[State]) -> datetime | None:
    """Return when the attempt began in which a run is, None if it has none."""
    began = None
    for state in sorted(states, key=lambda each: each.timestamp, reverse=True):
        if state.type == StateType.PENDING:
            began = moment(state.timestamp)
        elif began:
            break
        elif state.type.value not in HOLDERS and state.name != IN_ITS_PROCESS:
            return None
    return began
