"""Slots of concurrency limits that nobody holds, and dead runs that have lost theirs.

A run of a deployment with a limit of one holds its slot by a lease, which ends five minutes
after its machine was lost. Then the next run begins, and the dead one would stay Running
beside it. If Prefect's server loses the lease instead, the slot would stay taken for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_logger

from utils.watch.history import Deployment, History, Run
from utils.watch.repairs.lost_runs import HOLDERS, end_lost_run, holders, slots
from utils.watch.repairs.silent_runs import is_heard

# A lease and the time after a server's start in which it can still be renewed.
LONGEST_LEASE = timedelta(minutes=6)
# Runs of the pools send a heartbeat each minute.
SILENT_FOR = timedelta(minutes=3)
MESSAGE = "Its machine is gone: it lost its slot, and sends no heartbeat."

logger = get_logger("watch")


@dataclass
class Slots:
    """Memory from look to look."""

    _taken_since: dict[str, datetime] = field(default_factory=dict)
    """When a deployment's slot was first seen without a run that holds it."""

    def repair(self, client: SyncPrefectClient, history: History) -> None:
        """Free slots that nobody holds, and end runs that have lost theirs."""
        for deployment in history.all_deployments:
            limit = deployment.concurrency_limit
            if limit is None or limit.limit != 1:
                continue
            held = sum(map(_may_hold, deployment.runs))
            if limit.active_slots > held:
                self._free(client, deployment, history.now)
                continue
            self._taken_since.pop(deployment.id, None)
            if limit.active_slots < held:
                _end_lost_runs(client, deployment, history)

    def _free(
        self, client: SyncPrefectClient, deployment: Deployment, now: datetime
    ) -> None:
        """Free a slot, once it has been nobody's for longer than any lease lasts."""
        since = self._taken_since.setdefault(deployment.id, now)
        if now - since < LONGEST_LEASE:
            return
        before = holders(client, deployment)
        name, taken = slots(client, deployment)
        if taken <= len({run.id for run in [*before, *holders(client, deployment)]}):
            return
        client.release_concurrency_slots([name], 1, occupancy_seconds=1.0)
        del self._taken_since[deployment.id]
        logger.warning(
            "%s: a slot of its concurrency limit was taken since %s, and no run held it. It"
            " is free now",
            *(deployment.name, since.isoformat(timespec="seconds")),
        )


def _may_hold(run: Run) -> bool:
    # a run that its own process tries again keeps its slot
    return run.state.type in HOLDERS or run.state.name == "AwaitingRetry"


def _end_lost_runs(
    client: SyncPrefectClient, deployment: Deployment, history: History
) -> None:
    """End the runs that stay Running beside the one that has got their slot.

    The slots are read between the runs: a run that is Running before and after, and healthy,
    has held its slot in between.
    """
    before = _running(client, deployment)
    _, taken = slots(client, deployment)
    after = {run.id for run in _running(client, deployment)}
    running = sorted((run for run in before if run.id in after), key=_since)
    for run in running[: max(0, len(running) - taken)]:
        if not _is_heard(client, run):
            end_lost_run(client, deployment, run, MESSAGE, history.restored)


def _running(client: SyncPrefectClient, deployment: Deployment) -> list[FlowRun]:
    """Return the runs that are Running by a lease."""
    return [
        run
        for run in holders(client, deployment)
        if run.state
        and run.state.type == StateType.RUNNING
        and run.state.state_details.deployment_concurrency_lease_id
    ]


def _since(run: FlowRun) -> datetime:
    assert run.state
    return run.state.timestamp


def _is_heard(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Return whether the run has begun, or sent a heartbeat, shortly before now."""
    since = datetime.now(UTC) - SILENT_FOR
    if _since(run) > since:
        return True
    return is_heard(client, str(run.id), since)
