"""Production's deployments: as prefect.yaml wants them, as they are on Prefect's server.

All fields are compared that `prefect deploy` sends. What people set by hand while things
happen, a deployment's pause or its limit's, is no field and is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
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

from infrastructure.release.code import FlowCode
from infrastructure.release.images import commit_of
from infrastructure.release.prefect_file.deployment import TAG, Deployment, Schedule
from utils.differences import Difference, Fields, differences

NO_SECRET = re.compile(
    r"(entrypoint|description|tags|version|work_pool_name|work_queue_name"
    r"|concurrency_limit|enforce_parameter_schema|parameter_openapi_schema)(\..*)?"
    r"|job_variables\.(image|cpu|memory)"
    r"|schedules\.\d+\.(cron|interval|rrule|timezone|day_or|active|slug)"
)
"""Fields that everyone may read, whoever wrote them."""
QUEUE = {"work_pool_name", "work_queue_name"}
WAITING = [StateType.SCHEDULED, StateType.PENDING]
"""States of a run before its start: a worker takes it some seconds earlier."""
PAGE = 200
"""The most that Prefect's API gives at once."""


@dataclass(frozen=True)
class Deployed:
    """One on the server."""

    flow: str
    name: str
    fields: Fields = field(compare=False)
    id: UUID | None = None
    """None where it is only what a commit would have there."""

    @property
    def full_name(self) -> str:
        return f"{self.flow}/{self.name}"

    @property
    def tagged(self) -> bool:
        """Whether it is a release's. Others of its name were made by hand."""
        return TAG in self.fields["tags"]

    @property
    def image(self) -> str:
        """That its runs start in; an empty text if it names none."""
        return self.fields["job_variables"].get("image") or ""

    def differences(self, there: Deployed, known: str = "") -> tuple[Difference, ...]:
        """What the one there has not, or has and should not.

        An old value that somebody may have put there by hand may be a secret. It is told
        only if it stands in a text that is known.
        """

        def told(path: str, value: str) -> bool:
            return bool(NO_SECRET.fullmatch(path)) or value in known

        return differences(there.fields, self.fields, told)


def as_deployed(deployment: Deployment, flow: FlowCode, image: str) -> Deployed:
    """What the server has once the deployment is there with this image."""
    filled = deployment.with_image(image)
    limit = filled.concurrency_limit
    return Deployed(
        flow.name,
        filled.name,
        {
            "entrypoint": filled.entrypoint,
            "description": filled.description,
            "tags": list(filled.tags),
            # as Prefect shortens the commit that it deploys
            "version": commit_of(image)[:8],
            "work_pool_name": filled.work_pool.name,
            "work_queue_name": filled.work_pool.work_queue_name or "default",
            "job_variables": filled.work_pool.job_variables,
            "parameters": filled.parameters,
            "schedules": _sorted(map(_wanted_schedule, filled.schedules)),
            "concurrency_limit": limit and limit.model_dump(exclude_none=True),
            "pull_steps": list(filled.pull),
            "enforce_parameter_schema": filled.enforce_parameter_schema,
            "parameter_openapi_schema": flow.parameter_schema,
        },
    )


def read_deployments(
    client: SyncPrefectClient, names: Iterable[str]
) -> tuple[Deployed, ...]:
    """Those on the server that have the tag, or one of these names."""
    which = DeploymentFilter(
        operator="or_",
        tags=DeploymentFilterTags(all_=[TAG]),
        name=DeploymentFilterName(any_=sorted(set(names))),
    )
    found: list[DeploymentResponse] = []
    while len(found) % PAGE == 0:
        page = client.read_deployments(
            deployment_filter=which,
            limit=PAGE,
            offset=len(found),
            sort=DeploymentSort.CREATED_DESC,
        )
        found += page
        if not page:
            break
    flows = _flow_names(client, {each.flow_id for each in found})
    return tuple(
        Deployed(flows[each.flow_id], each.name, _fields(each), each.id)
        for each in found
    )


def create(client: SyncPrefectClient, wanted: Deployed) -> Deployed:
    """Make one that is not there, outside of its work pool and without its schedules.

    An update brings these. With a pool the server would hold the deployment's variables
    beside the pool's whole template, which takes it a third of a second, and which a
    release has done for all.
    """
    fields = wanted.fields | dict.fromkeys(QUEUE) | {"schedules": []}
    return replace(wanted, fields=fields, id=_put(client, wanted, fields))


def update(client: SyncPrefectClient, wanted: Deployed, there: Deployed) -> None:
    """Give one that is there what it has not."""
    names = {each.field.partition(".")[0] for each in wanted.differences(there)}
    if "schedules" in names and there.fields["schedules"]:
        # An update would leave schedules with a slug that it does not name.
        _put(client, wanted, wanted.fields)
        return
    if names & QUEUE:  # a queue alone would be one of Prefect's old default pool
        names |= QUEUE
    differing = {name: wanted.fields[name] for name in names}
    client.update_deployment(there.id, DeploymentUpdate(**_as_sent(differing)))


def _put(client: SyncPrefectClient, wanted: Deployed, fields: Fields) -> UUID:
    """The server makes it, or replaces the one of that name."""
    flow_id = client.create_flow_from_name(wanted.flow)
    return client.create_deployment(flow_id, wanted.name, **_as_sent(fields))


def _as_sent(fields: Fields) -> Fields:
    """Some of the fields, as Prefect's client takes them."""
    sent = dict(fields)
    if "version" in fields:
        version = VersionInfo(type="prefect:simple", version=fields["version"])
        sent["version_info"] = version
    if "schedules" in fields:
        sent["schedules"] = [_schedule_as_sent(each) for each in fields["schedules"]]
    if "concurrency_limit" in fields:
        limit = dict(fields["concurrency_limit"] or {})
        sent["concurrency_limit"] = limit.pop("limit", None)
        sent["concurrency_options"] = ConcurrencyOptions(**limit) if limit else None
    return sent


def next_start(
    client: SyncPrefectClient, ids: Iterable[UUID], within: timedelta
) -> datetime | None:
    """When the last of those runs is due that start within this time.

    To change a deployment takes its scheduled runs away, and Prefect's scheduler makes
    them again some seconds later: one that was due meanwhile would be gone.
    """
    now = datetime.now(timezone.utc)
    due = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=list(ids))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=WAITING)),
            expected_start_time=FlowRunFilterExpectedStartTime(
                after_=now, before_=now + within
            ),
        ),
        limit=PAGE,
    )
    return max((run.expected_start_time for run in due), default=None)


def _fields(there: DeploymentResponse) -> Fields:
    limit = there.global_concurrency_limit
    options = there.concurrency_options
    return {
        "entrypoint": there.entrypoint,
        "description": there.description,
        "tags": there.tags,
        "version": there.version,
        "work_pool_name": there.work_pool_name,
        "work_queue_name": there.work_queue_name,
        "job_variables": there.job_variables,
        "parameters": there.parameters,
        "schedules": _sorted(
            each.schedule.model_dump(mode="json", exclude={"anchor_date"})
            | each.model_dump(include={"active", "parameters", "slug"})
            for each in there.schedules
        ),
        "concurrency_limit": limit
        and {"limit": limit.limit}
        | (options.model_dump(mode="json", exclude_none=True) if options else {}),
        "pull_steps": there.pull_steps or [],
        "enforce_parameter_schema": there.enforce_parameter_schema,
        "parameter_openapi_schema": there.parameter_openapi_schema,
    }


def _wanted_schedule(schedule: Schedule) -> Fields:
    fields = schedule.model_dump()
    return fields | {"day_or": True if schedule.day_or is None else schedule.day_or}


def _schedule_as_sent(schedule: Fields) -> Fields:
    when = CronSchedule(**{k: schedule[k] for k in ("cron", "timezone", "day_or")})
    return {"schedule": when} | {
        k: schedule[k] for k in ("active", "parameters", "slug")
    }


def _sorted(schedules: Iterable[Fields]) -> list[Fields]:
    """The server keeps no order."""
    return sorted(schedules, key=lambda each: str(sorted(each.items(), key=str)))


def _flow_names(client: SyncPrefectClient, ids: set[UUID]) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    rest = sorted(ids)
    while rest:
        page, rest = rest[:PAGE], rest[PAGE:]
        only = FlowFilter(id=FlowFilterId(any_=page))
        names |= {each.id: each.name for each in client.read_flows(flow_filter=only)}
    return names
