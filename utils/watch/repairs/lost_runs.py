"""Ends runs that nobody works at any more, and keeps the slots of the others."""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import OrchestrationResult, SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_logger
from prefect.states import Cancelled, Crashed

from utils.watch.history import Deployment, Restored, Run, moment

HOLDERS = ("PENDING", "RUNNING", "CANCELLING")
"""Types of the states in which a run holds a slot."""

UNKNOWN = (
    "Prefect's database was restored from a backup in which this run was going. How it has"
    " ended is not known. Loads are safe to run again."
)

logger = get_logger("watch")


def as_seen(client: SyncPrefectClient, run: Run) -> FlowRun | None:
    """Return a run if it is still in the state that the look has seen, else None."""
    try:
        found = client.read_flow_run(UUID(run.id))
    except ObjectNotFound:
        return None
    state = found.state
    if state is None or state.type.value != run.state.type:
        return None
    return found if moment(state.timestamp) == run.state.at else None


def end_lost_run(
    client: SyncPrefectClient,
    deployment: Deployment,
    run: FlowRun,
    message: str,
    restored: Restored,
) -> None:
    """End a run as crashed, or as cancelled if it was being cancelled, and say so.

    One that was going in a backup from which Prefect's database was restored may have
    completed meanwhile: it ends as Unknown, of which nobody is told.

    A run that has lost its slot would take that of another one with it, as Prefect does it.
    The others are read before and after the slots: one that holds its slot both times has
    held it in between.
    """
    others = _others(client, deployment, run)
    is_cancelling = run.state and run.state.type == StateType.CANCELLING
    end: State = (Cancelled if is_cancelling else Crashed)(message=message)
    if run.state and moment(run.state.timestamp) <= restored.known_until:
        end = Cancelled(name="Unknown", message=UNKNOWN)
    ended: OrchestrationResult = client.set_flow_run_state(run.id, end)
    if ended.status != SetStateStatus.ACCEPT:
        return
    logger.warning("%s: %s was ended. %s", deployment.name, run.name, end.message)
    name, taken = slots(client, deployment)
    if name and not taken and others & _others(client, deployment, run):
        client.increment_concurrency_slots([name], 1, mode="concurrency")


def slots(client: SyncPrefectClient, deployment: Deployment) -> tuple[str, int]:
    """Return the name of the deployment's limit, and how many slots are taken."""
    limit = client.read_deployment(UUID(deployment.id)).global_concurrency_limit
    return (limit.name, limit.active_slots) if limit else ("", 0)


def holders(client: SyncPrefectClient, deployment: Deployment) -> list[FlowRun]:
    """Return the runs that may hold a slot."""
    wanted = {
        "deployment_id": {"any_": [deployment.id]},
        "state": {"type": {"any_": HOLDERS}},
    }
    return client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))


def _others(
    client: SyncPrefectClient, deployment: Deployment, run: FlowRun
) -> set[UUID]:
    return {each.id for each in holders(client, deployment)} - {run.id}
