"""The deployment that a backfill runs: finds, checks and starts it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Iterable, Iterator

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowFilter, FlowFilterId, FlowRunFilter
from prefect.client.schemas.objects import (
    ConcurrencyLimitStrategy,
    DeploymentStatus,
    FlowRun,
    WorkPoolStatus,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from utils.errors import ClearError
from utils.runs.prefect_server import read_all

REFUSED = (400, 409, 422)  # Prefect's answers to parameters that do not fit


@dataclass(frozen=True)
class BackfillTarget:
    """A deployment that exists on Prefect's server."""

    client: SyncPrefectClient
    name: str
    """Flow and deployment, as Prefect's commands take them: `flow/deployment`."""
    found: DeploymentResponse

    @classmethod
    def named(cls, name: str, client: SyncPrefectClient) -> BackfillTarget:
        """Find the deployment.

        Raises:
            ClearError: No deployment has the name. The message names similar ones.
        """
        try:
            return cls(client, name, client.read_deployment_by_name(name))
        except (ObjectNotFound, ValueError, httpx.InvalidURL):
            # ValueError: no slash, or several. InvalidURL: a line break
            known = _names_of_deployments(client)
        server = str(client.api_url).rstrip("/")
        if alike := get_close_matches(name, known, n=3):
            advice = f"Did you mean {' or '.join(alike)}?"
        elif known:
            advice = f"There is {', '.join(known)}."
        else:
            advice = (
                "It has none: create them with `prefect --no-prompt deploy -n dev`."
            )
        raise ClearError(f"{server} has no deployment {name!r}. {advice}")

    def check_parameters(self, names: Iterable[str]) -> None:
        """Raise ClearError if the deployment's flow lacks one of the parameters.

        Prefect's server refuses values that do not fit, but accepts unknown names, which
        fail each of the runs.
        """
        has = (self.found.parameter_openapi_schema or {}).get("properties", {})
        if unknown := [name for name in names if name not in has]:
            raise ClearError(
                f"The flow of {self.name} has no parameter"
                f" {' and no '.join(unknown)}. It has {', '.join(has) or 'none'}."
            )

    def concurrency_limit(self) -> int | None:
        """Return how many runs the deployment allows at once, None if any number.

        Raises:
            ClearError: Runs beyond the limit are dropped instead of queued.
        """
        limit = self.found.global_concurrency_limit
        options = self.found.concurrency_options
        if not limit or not limit.active:
            return None
        if options and (
            options.collision_strategy == ConcurrencyLimitStrategy.CANCEL_NEW
        ):
            raise ClearError(
                f"{self.name} drops runs beyond its concurrency limit (CANCEL_NEW)."
                " Take a deployment without a limit."
            )
        return limit.limit

    def obstacle(self) -> str | None:
        """Return why runs do not start, and what to do. None if nothing is known."""
        pool = self.found.work_pool_name
        if pool is None:
            served = self.client.read_deployment(self.found.id).status
            if served == DeploymentStatus.NOT_READY:
                return f"no process serves {self.name}. Start it."
            return None
        status = self.client.read_work_pool(pool).status
        if status == WorkPoolStatus.PAUSED:
            return (
                f"the work pool {pool} is paused. Resume it with"
                f" `prefect work-pool resume {pool}`."
            )
        if status == WorkPoolStatus.NOT_READY:
            return (
                f"no worker asks for runs of the work pool {pool}. Start one with"
                f" `prefect worker start --pool {pool}`."
            )
        return None

    def start(
        self,
        run_name: str,
        *,
        parameters: dict[str, Any],
        tags: list[str],
        idempotency_key: str,
    ) -> FlowRun:
        """Start a run, or return the run that was started with the same key.

        Raises:
            ClearError: Prefect's server refuses the parameters.
        """
        try:
            run = run_deployment(
                self.name,
                parameters=parameters,
                flow_run_name=run_name,
                tags=tags,
                idempotency_key=idempotency_key,
                timeout=0,  # do not wait
                as_subflow=True,  # cancelling the backfill cancels it
            )
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in REFUSED:
                raise
            raise ClearError(
                f"{self.name} refuses the parameters of {run_name}:"
                f" {error.response.text}"
            ) from error
        assert isinstance(run, FlowRun), "a coroutine only in asynchronous code"
        return run

    def give_up(self, run: FlowRun, reason: str) -> FlowRun:
        """End a run that has not begun, unless it just has, and return it."""
        self.client.set_flow_run_state(run.id, Crashed(message=f"Crashed: {reason}"))
        return self.client.read_flow_run(run.id)

    def read_runs(self, **criteria: Any) -> Iterator[FlowRun]:
        """Return the flow runs that meet a filter's criteria, the oldest first.

        Args:
            criteria: Fields of Prefect's `FlowRunFilter`.
        """
        return read_all(
            self.client.read_flow_runs,
            flow_run_filter=FlowRunFilter(**criteria),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        )


def _names_of_deployments(client: SyncPrefectClient) -> list[str]:
    """Return names of the first 200 deployments, the most that Prefect answers."""
    deployments = client.read_deployments()
    ids = FlowFilterId(any_=[each.flow_id for each in deployments])
    flows = client.read_flows(flow_filter=FlowFilter(id=ids))
    names = {flow.id: flow.name for flow in flows}
    return sorted(f"{names[each.flow_id]}/{each.name}" for each in deployments)
