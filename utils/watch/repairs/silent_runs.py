"""Runs of which nothing is heard: Running without a heartbeat, or not begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Collection

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.filters import EventFilter

from utils.watch.history import Deployment, History, Run
from utils.watch.repairs.lost_runs import as_seen, end_lost_run

# Runs of the pools send a heartbeat each minute, and others every three. A task of Fargate's
# begins after a minute or two.
SILENT_FOR = timedelta(minutes=3.5)
# Between looks, more means that the server was away, and with it the heartbeats.
LONGEST_GAP = timedelta(minutes=1)
SILENT = "Its machine is gone: it sent no heartbeat for 3.5 minutes."
NOT_BEGUN = "A worker took it, and it has not begun for 3.5 minutes."
# A task that ECS keeps going may wait for a place and for its image.
STARTING_FOR = timedelta(minutes=15)


@dataclass
class SilentRuns:
    """Memory from look to look."""

    _looked: datetime | None = None
    _listening_since: datetime = datetime.max.replace(tzinfo=UTC)

    def end(
        self,
        client: SyncPrefectClient,
        history: History,
        with_task: Collection[str] = (),
    ) -> None:
        """End the runs that have been silent for as long as watch has listened.

        Args:
            client: Prefect API client.
            history: What the last look has found.
            with_task: Ids of the runs whose task ECS keeps going: they may still begin.
        """
        now = history.now
        if self._looked is None or now - self._looked > LONGEST_GAP:
            self._listening_since = now
        self._looked = now
        long_ago = now - SILENT_FOR
        if self._listening_since > long_ago:
            return
        for deployment in history.all_deployments:
            for run in deployment.runs:
                since = max(run.since, run.expected)
                is_starting = run.state.type == "PENDING" and run.id in with_task
                if since < (now - STARTING_FOR if is_starting else long_ago):
                    _end_if_silent(client, deployment, run, history)


def _end_if_silent(
    client: SyncPrefectClient, deployment: Deployment, run: Run, history: History
) -> None:
    since = history.now - SILENT_FOR
    if run.state.type == "PENDING":
        message = NOT_BEGUN
    elif run.state.type == "RUNNING" and not is_heard(client, run.id, since):
        message = SILENT
    else:
        return
    if found := as_seen(client, run):
        end_lost_run(client, deployment, found, message, history.restored)


def is_heard(client: SyncPrefectClient, run: str, since: datetime) -> bool:
    """Return whether a run, by its id, has sent a heartbeat since a time."""
    heartbeats = {
        "occurred": {"since": since},
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
    }
    found = client.read_events(EventFilter.model_validate(heartbeats), limit=1)
    return bool(found.events)
