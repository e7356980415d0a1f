"""Reads, creates and updates deployments through Prefect's API."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Iterable
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterName,
    DeploymentFilterTags,
    FlowFilter,
    FlowFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyOptions, StateType, VersionInfo
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import DeploymentSort
from prefect.types import DateTime

from infrastructure.release.deployments import ServerDeployment, sorted_schedules
from infrastructure.release.prefect_file.deployment import TAG
from utils.reports.differences import Fields
from utils.runs.prefect_server import PAGE, read_all

QUEUE_FIELDS = {"work_pool_name", "work_queue_name"}
NOT_STARTED = [StateType.SCHEDULED, StateType.PENDING]
"""States of a run before its start. PENDING: a worker has taken it, seconds before."""


def read_deployments(
    client: SyncPrefectClient, names: Iterable[str]
) -> tuple[ServerDeployment, ...]:
    """Return the deployments with the tag of releases or one of these names.

    Args:
        client: Prefect API client.
        names: Names of deployments, without their flows.
    """
    tagged_or_named = DeploymentFilter(
        # A mixin that is not a pydantic model declares it, which mypy's plugin ignores.
        operator="or_",  # type: ignore[call-arg]
        tags=DeploymentFilterTags(all_=[TAG]),
        name=DeploymentFilterName(any_=sorted(set(names))),
    )
    found = list(
        read_all(
            client.read_deployments,
            deployment_filter=tagged_or_named,
            sort=DeploymentSort.CREATED_DESC,
        )
    )
    flows = _flow_names(client, {each.flow_id for each in found})
    return tuple(
        ServerDeployment(flows[each.flow_id], each.name, _fields(each), each.id)
        for each in found
    )


def create(client: SyncPrefectClient, planned: ServerDeployment) -> ServerDeployment:
    """Create a deployment without its work pool and schedules, which `update` adds.

    Given a pool, the server would validate the job variables against the pool's whole
    template. That takes a third of a second each, and the release has done it for all.
    """
    fields = planned.fields | dict.fromkeys(QUEUE_FIELDS) | {"schedules": []}
    return replace(planned, fields=fields, id=_put(client, planned, fields))


def update(
    client: SyncPrefectClient, planned: ServerDeployment, current: ServerDeployment
) -> None:
    """Update a deployment's changed fields."""
    names = {each.field.partition(".")[0] for each in planned.differences(current)}
    names.add("version")
    if "schedules" in names and current.fields["schedules"]:
        # An update would keep old schedules that have a slug.
        _put(client, planned, planned.fields)
        return
    if names & QUEUE_FIELDS:
        # A queue without its pool would be looked for in Prefect's old default pool.
        names |= QUEUE_FIELDS
    changed = {name: planned.fields[name] for name in names}
    client.update_deployment(
        current.server_id, DeploymentUpdate(**_request_fields(changed))
    )


def last_start(
    client: SyncPrefectClient, ids: Iterable[UUID], within: timedelta
) -> datetime | None:
    """Return the latest start of these deployments' runs that are due soon.

    Args:
        client: Prefect API client.
        ids: Ids of deployments.
        within: Time from now in which a run is due soon.

    Returns:
        The expected start time, or None if no run is due.
    """
    now = DateTime.now(timezone.utc)
    due = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(ids))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=NOT_STARTED)),
            expected_start_time=FlowRunFilterExpectedStartTime(
                after_=now, before_=now + within
            ),
        ),
        limit=PAGE,
    )
    starts = (run.expected_start_time for run in due)
    return max((start for start in starts if start), default=None)


def _put(client: SyncPrefectClient, planned: ServerDeployment, fields: Fields) -> UUID:
    """Create a deployment, or replace the one of that name."""
    flow_id = client.create_flow_from_name(planned.flow)
    return client.create_deployment(flow_id, planned.name, **_request_fields(fields))


def _request_fields(fields: Fields) -> Fields:
    """Return fields as Prefect's client takes them."""
    request = dict(fields)
    if "version" in fields:
        version = VersionInfo(type="prefect:simple", version=fields["version"])
        request["version_info"] = version
    if "schedules" in fields:
        request["schedules"] = [_schedule_request(each) for each in fields["schedules"]]
    if "concurrency_limit" in fields:
        limit = dict(fields["concurrency_limit"] or {})
        request["concurrency_limit"] = limit.pop("limit", None)
        request["concurrency_options"] = ConcurrencyOptions(**limit) if limit else None
    return request


def _schedule_request(schedule: Fields) -> Fields:
    cron = CronSchedule(**{k: schedule[k] for k in ("cron", "timezone", "day_or")})
    return {"schedule": cron} | {
        k: schedule[k] for k in ("active", "parameters", "slug")
    }


def _fields(response: DeploymentResponse) -> Fields:
    """Return the fields that a release compares."""
    limit = response.global_concurrency_limit
    options = response.concurrency_options
    return {
        "entrypoint": response.entrypoint,
        "description": response.description,
        "tags": response.tags,
        "version": response.version,
        "work_pool_name": response.work_pool_name,
        "work_queue_name": response.work_queue_name,
        "job_variables": response.job_variables,
        "parameters": response.parameters,
        "schedules": sorted_schedules(
            each.schedule.model_dump(mode="json", exclude={"anchor_date"})
            | each.model_dump(include={"active", "parameters", "slug"})
            for each in response.schedules
        ),
        "concurrency_limit": limit
        and {"limit": limit.limit}
        | (options.model_dump(mode="json", exclude_none=True) if options else {}),
        "pull_steps": response.pull_steps or [],
        "enforce_parameter_schema": response.enforce_parameter_schema,
        "parameter_openapi_schema": response.parameter_openapi_schema,
    }


def _flow_names(client: SyncPrefectClient, ids: set[UUID]) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    remaining = sorted(ids)
    while remaining:
        page, remaining = remaining[:PAGE], remaining[PAGE:]
        flows = client.read_flows(flow_filter=FlowFilter(id=FlowFilterId(any_=page)))
        names |= {each.id: each.name for each in flows}
    return names
