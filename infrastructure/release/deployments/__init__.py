"""Production's deployments, with the fields that prefect.yaml and Prefect's server share.

All fields that `prefect deploy` sends are compared. A paused deployment and a switched-off
concurrency limit are set by hand during operations. Neither is compared, both are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterable
from uuid import UUID

from infrastructure.release.code import FlowCode
from infrastructure.release.prefect_file.deployment import (
    TAG,
    DeclaredDeployment,
    Schedule,
)
from utils.reports.differences import Difference, Fields, differences

PUBLIC_FIELD = re.compile(
    r"(entrypoint|description|tags|work_pool_name|work_queue_name"
    r"|concurrency_limit|enforce_parameter_schema|parameter_openapi_schema)(\..*)?"
    r"|job_variables\.(image|cpu|memory|role)"
    r"|schedules\.\d+\.(cron|interval|rrule|timezone|day_or|active|slug)"
)
"""Fields whose values are never secret, whoever wrote them."""


@dataclass(frozen=True)
class ServerDeployment:
    """A deployment as Prefect's server has it, or as a release leaves it there."""

    flow: str
    name: str
    fields: Fields = field(compare=False)
    id: UUID | None = None
    """The server's id. None for a deployment that is only planned."""

    @property
    def full_name(self) -> str:
        """The name in Prefect's commands: `flow/deployment`."""
        return f"{self.flow}/{self.name}"

    @property
    def server_id(self) -> UUID:
        """The id of a deployment that exists.

        Raises:
            ValueError: The deployment is only planned.
        """
        if self.id is None:
            raise ValueError(f"{self.full_name} is not on Prefect's server.")
        return self.id

    @property
    def tagged(self) -> bool:
        """True if the deployment has the tag of releases."""
        return TAG in self.fields["tags"]

    @property
    def version(self) -> str:
        """The commit of the release that changed it last, or an empty string."""
        return self.fields["version"] or ""

    @property
    def image(self) -> str:
        """The image of its runs, or an empty string."""
        return self.fields["job_variables"].get("image") or ""

    def differences(
        self, current: ServerDeployment, public_text: str = ""
    ) -> tuple[Difference, ...]:
        """Return the fields in which the current deployment differs from this one.

        The version does not count: it is the commit of the release that changed it last.
        An old value may be a secret that somebody set by hand, and is then hidden.

        Args:
            current: The deployment on the server.
            public_text: Text without secrets. Old values that it contains are shown.
        """

        def is_public(path: str, value: str) -> bool:
            return bool(PUBLIC_FIELD.fullmatch(path)) or value in public_text

        same = {"version": self.fields["version"]}
        return differences(current.fields | same, self.fields, is_public)


def planned_deployment(
    declared: DeclaredDeployment, flow: FlowCode, image: str, commit: str
) -> ServerDeployment:
    """Return the deployment that the server has after a commit's release with an image."""
    filled = declared.with_image(image)
    limit = filled.concurrency_limit
    return ServerDeployment(
        flow.name,
        filled.name,
        {
            "entrypoint": filled.entrypoint,
            "description": filled.description,
            "tags": list(filled.tags),
            # Shortened as Prefect shortens the commit that it deploys.
            "version": commit[:8],
            "work_pool_name": filled.work_pool.name,
            "work_queue_name": filled.work_pool.work_queue_name or "default",
            "job_variables": filled.work_pool.job_variables,
            "parameters": filled.parameters,
            "schedules": sorted_schedules(map(_schedule_fields, filled.schedules)),
            "concurrency_limit": limit and limit.model_dump(exclude_none=True),
            "pull_steps": list(filled.pull),
            "enforce_parameter_schema": filled.enforce_parameter_schema,
            "parameter_openapi_schema": flow.parameter_schema,
        },
    )


def sorted_schedules(schedules: Iterable[Fields]) -> list[Fields]:
    """Return schedules in a fixed order. Prefect's server keeps none."""
    return sorted(schedules, key=lambda each: str(sorted(each.items(), key=str)))


def _schedule_fields(schedule: Schedule) -> Fields:
    fields = schedule.model_dump()
    return fields | {"day_or": True if schedule.day_or is None else schedule.day_or}
