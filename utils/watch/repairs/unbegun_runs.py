"""Runs that could not be started, such as while Prefect's server was restarted.

Nothing of such a run has begun, so that it is safe to run it again. A new run takes its place:
a task of the old one that begins late finds it crashed, and ends (`utils.runs.__main__`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_logger
from prefect.states import Scheduled

from utils.watch.history import Deployment, History
from utils.watch.repairs.lost_runs import as_seen
from utils.watch.repairs.silent_runs import NOT_BEGUN

# As workers of Prefect's, of processes and of ECS say it, and watch itself.
NOT_STARTED = (
    "Failed to submit flow run to infrastructure",
    "Flow run could not start",
    "ECS task failed to start",
    NOT_BEGUN,
)
WAITS = (timedelta(), timedelta(minutes=3))
"""Waits before the second and the third attempt, which is the last."""
# An older one is left to the schedule: watch may have been away for days.
LATEST = timedelta(minutes=5)
# A backfill runs its chunks again by itself.
CHUNK = "backfill:"

logger = get_logger("watch")


@dataclass
class UnbegunRuns:
    """Memory from look to look."""

    _seen: set[str] = field(default_factory=set)

    def start_again(self, client: SyncPrefectClient, history: History) -> None:
        """Run again what could just not be started."""
        for deployment in history.all_deployments:
            for run in deployment.runs:
                state = run.state
                if (
                    state.type == "CRASHED"
                    and state.message.startswith(NOT_STARTED)
                    and state.at > history.now - LATEST
                    and run.id not in self._seen
                ):
                    self._seen.add(run.id)
                    if found := as_seen(client, run):
                        _start_again(client, history, deployment, found)


def _start_again(
    client: SyncPrefectClient, history: History, deployment: Deployment, run: FlowRun
) -> None:
    states = client.read_flow_run_states(run.id)
    if any(state.type == StateType.RUNNING for state in states):
        return
    if any(tag.startswith(CHUNK) for tag in run.tags):
        return
    before = re.fullmatch(r"(.+) again (\d)", run.idempotency_key or "")
    first, times = (before[1], int(before[2])) if before else (str(run.id), 0)
    if times == len(WAITS):
        return
    # several watches get the same run for the same key
    again = client.create_flow_run_from_deployment(
        UUID(deployment.id),
        parameters=run.parameters,
        job_variables=run.job_variables,
        tags=run.tags,
        work_queue_name=run.work_queue_name,
        idempotency_key=f"{first} again {times + 1}",
        state=Scheduled(scheduled_time=history.now + WAITS[times]),
    )
    logger.warning(
        "%s: %s could not be started. %s takes its place",
        *(deployment.name, run.name, again.name),
    )
