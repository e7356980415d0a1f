"""Runs that a worker could not start, such as while Prefect's server was restarted.

Nothing of them has begun, so that it is safe to start them again. A backfill does that by
itself.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.logging import get_logger
from prefect.states import Scheduled

from utils.watch.history import Deployment, History, Run

# As Prefect's workers say it, whatever their type.
NOT_STARTED = "Failed to submit flow run to infrastructure"
WAITS = (timedelta(minutes=1), timedelta(minutes=3))
"""Waits before the second and the third attempt, which is the last."""
# An older one is left to the schedule: watch may have been away for days.
LATEST = timedelta(minutes=5)

logger = get_logger("watch")


def start_unbegun_runs(client: SyncPrefectClient, history: History) -> None:
    """Start runs again that a worker has just failed to start."""
    for deployment in history.all_deployments:
        for run in deployment.runs:
            state = run.state
            if state.type == "CRASHED" and state.message.startswith(NOT_STARTED):
                if state.at > history.now - LATEST:
                    _start(client, history, deployment, run)


def _start(
    client: SyncPrefectClient, history: History, deployment: Deployment, run: Run
) -> None:
    id = UUID(run.id)
    types = [state.type for state in client.read_flow_run_states(id)]
    crashes = types.count(StateType.CRASHED)
    found = client.read_flow_run(id)
    if (
        found.state_type != StateType.CRASHED
        or StateType.RUNNING in types
        or crashes > len(WAITS)
        or "backfill" in found.tags
    ):
        return
    at = history.now + WAITS[crashes - 1]
    message = "Its worker could not start it, and it is tried again"
    client.set_flow_run_state(id, Scheduled(scheduled_time=at, message=message))
    logger.warning("%s: %s. %s", deployment.name, run.name, message)
