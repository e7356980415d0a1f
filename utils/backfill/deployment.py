"""A deployment on Prefect's server: found by name, asked what it takes and what holds it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Iterable

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowFilter, FlowFilterId
from prefect.client.schemas.objects import (
    ConcurrencyLimitStrategy,
    DeploymentStatus,
    WorkPoolStatus,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from utils.errors import ClearError


@dataclass(frozen=True)
class Deployment:
    """One that exists, with its name as Prefect's commands take it: `flow/deployment`."""

    client: SyncPrefectClient
    name: str
    found: DeploymentResponse

    @classmethod
    def named(cls, name: str, client: SyncPrefectClient) -> Deployment:
        """Find it.

        Raises:
            ClearError: There is none. The message names those that are spelt alike.
        """
        try:
            return cls(client, name, client.read_deployment_by_name(name))
        except (ObjectNotFound, ValueError):  # ValueError: no slash, or several
            known = _names_of_deployments(client)
        server = str(client.api_url).rstrip("/")
        if alike := get_close_matches(name, known, n=3):
            advice = f"Did you mean {' or '.join(alike)}?"
        elif known:
            advice = f"There is {', '.join(known)}."
        else:
            advice = "It has none at all: bring them there with `prefect --no-prompt deploy -n dev`."
        raise ClearError(f"{server} has no deployment {name!r}. {advice}")

    def check_parameters(self, names: Iterable[str]) -> None:
        """Raise ClearError unless its flow has parameters of these names.

        Prefect's server refuses values that do not fit, but lets through names that the
        flow does not have, which fail each of its runs.
        """
        has = (self.found.parameter_openapi_schema or {}).get("properties", {})
        if unknown := [name for name in names if name not in has]:
            raise ClearError(
                f"The flow of {self.name} has no parameter"
                f" {' and no '.join(unknown)}. It has {', '.join(has) or 'none'}."
            )

    def concurrency_limit(self) -> int | None:
        """How many of its runs happen at once, None if any number.

        Raises:
            ClearError: Runs beyond the limit do not wait, they are dropped.
        """
        limit, options = (
            self.found.global_concurrency_limit,
            self.found.concurrency_options,
        )
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
        """Why its runs do not start, and what to do; None if nothing is in the way."""
        pool = self.found.work_pool_name
        if pool is None:
            status = self.client.read_deployment(self.found.id).status
            if status == DeploymentStatus.NOT_READY:
                return f"no process serves {self.name}. Start it."
            return None
        status = self.client.read_work_pool(pool).status
        if status == WorkPoolStatus.PAUSED:
            return (
                f"the work pool {pool} is paused. Let it go on with"
                f" `prefect work-pool resume {pool}`."
            )
        if status == WorkPoolStatus.NOT_READY:
            return (
                f"no worker asks for runs of the work pool {pool}. Start one with"
                f" `prefect worker start --pool {pool}`."
            )
        return None


def _names_of_deployments(client: SyncPrefectClient) -> list[str]:
    """Those of the first 200 deployments, the most that Prefect answers at once."""
    deployments = client.read_deployments()
    ids = FlowFilterId(any_=[each.flow_id for each in deployments])
    flows = client.read_flows(flow_filter=FlowFilter(id=ids))
    names = {flow.id: flow.name for flow in flows}
    return sorted(f"{names[each.flow_id]}/{each.name}" for each in deployments)
