"""Runs whose machine is gone: they stay Running, and send no heartbeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.filters import EventFilter
from prefect.logging import get_logger
from prefect.states import Crashed

from utils.watch.history import History

# Runs of the pools send one each minute, and others every three.
SILENT_FOR = timedelta(minutes=4)
# Between looks, more means that the server was away, and with it the heartbeats.
LONGEST_GAP = timedelta(minutes=2)
MESSAGE = "Its machine is gone: it sent no heartbeat for four minutes."

logger = get_logger("watch")


@dataclass
class SilentRuns:
    """Memory from look to look."""

    _looked: datetime | None = None
    _looking_since: datetime | None = None

    def end(self, client: SyncPrefectClient, history: History) -> None:
        """End the runs that have been silent for as long as watch has listened."""
        now, before = history.now, self._looked
        self._looked = now
        if before is None or now - before > LONGEST_GAP or self._looking_since is None:
            self._looking_since = now
        listened_since = now - SILENT_FOR
        if self._looking_since > listened_since:
            return
        for deployment in history.deployments:
            for run in deployment.runs:
                if run.state.type != "RUNNING" or run.since > listened_since:
                    continue
                if is_heard(client, run.id, listened_since):
                    continue
                if client.read_flow_run(UUID(run.id)).state_type == StateType.RUNNING:
                    client.set_flow_run_state(UUID(run.id), Crashed(message=MESSAGE))
                    logger.warning(
                        "%s: %s was ended. %s", deployment.name, run.name, MESSAGE
                    )


def is_heard(client: SyncPrefectClient, run: str, since: datetime) -> bool:
    """Return whether a run, by its id, has sent a heartbeat since a time."""
    heartbeats = {
        "occurred": {"since": since},
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    found = client.read_events(EventFilter.model_validate(heartbeats), limit=1)
    return bool(found.events)
