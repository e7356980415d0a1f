"""Times of Prefect's schedules, by Prefect's own calculation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Union

from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import SCHEDULE_TYPES
from pydantic import TypeAdapter

from utils.watch.history import Schedule, moment


def active_schedules(
    deployment: DeploymentResponse, paused: datetime | None
) -> tuple[Schedule, ...]:
    """Return the active schedules of a deployment, none if it is paused.

    Args:
        deployment: Deployment as Prefect's server has it.
        paused: When it was last known to be paused.
    """
    if deployment.paused:
        return ()
    return tuple(
        Schedule(partial(next_time, each.schedule), _since(each, paused))
        for each in deployment.schedules
        if each.active
    )


def next_time(schedule: SCHEDULE_TYPES, after: datetime) -> datetime | None:
    """Return the schedule's first time after another one."""
    from prefect.server.schemas import schedules

    adapter = TypeAdapter(
        Union[
            schedules.IntervalSchedule,
            schedules.CronSchedule,
            schedules.RRuleSchedule,
        ]
    )
    found = adapter.validate_python(schedule.model_dump())
    dates = asyncio.run(found.get_dates(2, start=after))
    return next((moment(each) for each in dates if each > after), None)


def _since(schedule: DeploymentSchedule, paused: datetime | None) -> datetime:
    known = [each for each in (schedule.updated, schedule.created, paused) if each]
    return max(map(moment, known), default=datetime.now(UTC))
