"""Runs of a schedule that is faster than they are, which would wait without end.

A load reads all that is new, so that of the runs that wait for a slot the newest is enough.
Runs that a person or a backfill started are left alone, and so is one with other parameters.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Iterator

from prefect.client.orchestration import SyncPrefectClient
from prefect.logging import get_logger
from prefect.states import Cancelled

from utils.watch.history import Deployment, History, Run
from utils.watch.repairs.lost_runs import as_seen

LOAD = "load"
"""Tag of the deployments that load all that is new."""
WAITING = "AwaitingConcurrencySlot"

logger = get_logger("watch")


def cancel_surplus_runs(client: SyncPrefectClient, history: History) -> None:
    """Cancel the runs that wait for a slot, except the newest of each load."""
    for deployment in history.all_deployments:
        if LOAD not in deployment.tags:
            continue
        for run, newest in _surplus_runs(deployment):
            found = as_seen(client, run)  # it may have got its slot just now
            if found is None:
                continue
            message = f"{newest.name} waits, too, and loads what this run would have"
            client.set_flow_run_state(found.id, Cancelled(message=message))
            logger.warning(
                "%s is scheduled faster than it runs. %s was cancelled: %s",
                *(deployment.name, run.name, message),
            )


def _surplus_runs(deployment: Deployment) -> Iterator[tuple[Run, Run]]:
    """Yield the runs that are not needed, each with the one that waits, too."""
    waiting = [
        run for run in deployment.runs if run.is_scheduled and run.state.name == WAITING
    ]
    waiting.sort(key=lambda run: (_parameters(run), run.expected))
    for _, alike in groupby(waiting, _parameters):
        *surplus, newest = alike
        for run in surplus:
            yield run, newest


def _parameters(run: Run) -> str:
    return json.dumps(run.parameters, sort_keys=True, default=str)
