"""Runs whose machine is gone: they stay Running without a heartbeat, or Pending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.events.filters import EventFilter
from prefect.logging import get_logger
from prefect.states import Crashed

from utils.watch.history import Deployment, History, Run

# Runs of the pools send one each minute, and others every three.
SILENT_FOR = timedelta(minutes=4)
# Between looks, more means that the server was away, and with it the heartbeats.
LONGEST_GAP = timedelta(minutes=2)
SILENT = "Its machine is gone: it sent no heartbeat for four minutes."
# On ECS a worker gives up a task that has not begun after five.
PENDING_FOR = timedelta(minutes=10)
PENDING = "Its worker is gone: it took the run ten minutes ago, and it has not begun."

logger = get_logger("watch")


@dataclass
class SilentRuns:
    """Memory from look to look."""

    _looked: datetime | None = None
    _listening_since: datetime = datetime.max.replace(tzinfo=UTC)

    def end(self, client: SyncPrefectClient, history: History) -> None:
        """End the runs that have been silent for as long as watch has listened."""
        now = history.now
        if self._looked is None or now - self._looked > LONGEST_GAP:
            self._listening_since = now
        self._looked = now
        long_ago = now - SILENT_FOR
        if self._listening_since > long_ago:
            return
        for deployment in history.all_deployments:
            for run in deployment.runs:
                if run.state.type == "PENDING" and run.since < now - PENDING_FOR:
                    _end_if_still(client, deployment, run, PENDING)
                elif run.state.type == "RUNNING" and run.since < long_ago:
                    if not is_heard(client, run.id, long_ago):
                        _end_if_still(client, deployment, run, SILENT)


def _end_if_still(
    client: SyncPrefectClient, deployment: Deployment, run: Run, message: str
) -> None:
    """End a run, unless it has gone on since the look."""
    found = client.read_flow_run(UUID(run.id))
    if found.state_type and found.state_type.value == run.state.type:
        end_lost_run(client, deployment, found, message)


def end_lost_run(
    client: SyncPrefectClient, deployment: Deployment, run: FlowRun, message: str
) -> None:
    """End a run whose machine is gone as crashed, and say so."""
    client.set_flow_run_state(run.id, Crashed(message=message))
    logger.warning("%s: %s was ended. %s", deployment.name, run.name, message)


def is_heard(client: SyncPrefectClient, run: str, since: datetime) -> bool:
    """Return whether a run, by its id, has sent a heartbeat since a time."""
    heartbeats = {
        "occurred": {"since": since},
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    found = client.read_events(EventFilter.model_validate(heartbeats), limit=1)
    return bool(found.events)
