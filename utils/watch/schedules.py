"""Deployments with their schedules, whose times Prefect's own code calculates.

Prefect's client would look for all time zones of the machine for each schedule it reads,
which takes most of a look.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Union
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter
from prefect.server.schemas import schedules
from pydantic import BaseModel, TypeAdapter

from utils.watch.history import ConcurrencyLimit, Schedule, moment

SCHEDULE: TypeAdapter[Any] = TypeAdapter(
    Union[schedules.IntervalSchedule, schedules.CronSchedule, schedules.RRuleSchedule]
)


class WatchedSchedule(BaseModel):
    """Schedule as Prefect's server has it."""

    schedule: dict[str, Any]
    active: bool
    created: datetime
    updated: datetime


class WatchedDeployment(BaseModel):
    """Deployment as Prefect's server has it."""

    id: UUID
    name: str
    flow_id: UUID
    paused: bool
    tags: list[str]
    work_pool_name: str | None
    schedules: list[WatchedSchedule]
    global_concurrency_limit: ConcurrencyLimit | None = None

    def active_schedules(self, paused: datetime | None) -> tuple[Schedule, ...]:
        """Return its active schedules, none if it is paused.

        Args:
            paused: When it was last known to be paused.
        """
        if self.paused:
            return ()
        long_ago = datetime.min.replace(tzinfo=UTC)
        return tuple(
            Schedule(
                partial(next_time, json.dumps(each.schedule)),
                moment(max(each.created, each.updated, paused or long_ago)),
            )
            for each in self.schedules
            if each.active
        )


def deployments_page(
    client: SyncPrefectClient, which: DeploymentFilter, limit: int, offset: int
) -> list[WatchedDeployment]:
    """Return a page of the server's deployments."""
    asked = {"deployments": which.model_dump(mode="json")}
    page = {"limit": limit, "offset": offset}
    answer = client.request("POST", "/deployments/filter", json=asked | page)
    return [WatchedDeployment.model_validate(each) for each in answer.json()]


@lru_cache(maxsize=1000)
def next_time(schedule: str, after: datetime) -> datetime | None:
    """Return a schedule's first time after another one.

    Args:
        schedule: JSON of the schedule.
        after: Time from which on to look. Looks ask for the same one again and again.
    """
    found = SCHEDULE.validate_json(schedule)
    dates = asyncio.run(found.get_dates(2, start=after))
    return next((moment(each) for each in dates if each > after), None)
