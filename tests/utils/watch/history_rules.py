"""Counts of the special rules for deployments, tables and pools in a history."""

from __future__ import annotations

from itertools import groupby
from typing import Iterator

from tests.utils.watch.history_form import (
    DAY,
    HOUR,
    MINUTE,
    Deployment,
    History,
    Pool,
    Schedule,
    Table,
    Window,
)
from tests.utils.watch.oracle import first_sent
from tests.utils.watch.oracle_incidents import (
    deployment_reasons,
    first_of_each,
    no_worker,
    promises,
    stale_table,
    times,
)
from tests.utils.watch.oracle_timeline import (
    End,
    alerting,
    ends,
    joined,
    switched,
    usual_duration,
)


def rules(history: History) -> Iterator[str]:
    """Yield each occurrence of a special rule."""
    failed: list[int] = []
    for deployment in alerting(history):
        own = ends(history, deployment.id)
        failed += {end.time for end in own if end.failed}
        yield from rows(own)
        yield from of_success(deployment, own, history.end)
        yield from taken_back(deployment, own, history.end)
        yield from other_reasons(history, deployment)
        for end in own:
            if any(down.start < end.time < down.stop for down in history.down):
                yield f"end while down: {'failure' if end.failed else 'success'}"
        for schedule in deployment.schedules:
            for change in schedule.active[1:]:
                if any(down.start < change.time < down.stop for down in history.down):
                    yield "deployed while down"
            every = schedule.every // MINUTE
            yield f"schedule: every {every:5} minutes"
        for pause in switched(deployment.paused, on=True):
            yield "paused and resumed"
        if len(deployment.schedules) > 1:
            yield "deployment: several schedules"
    yield from ["two deployments fail at once"] * (len(failed) - len(set(failed)))
    for place, windows in (("down", history.down), *history.refusals.items()):
        for window in windows:
            yield f"outage: {place}, {size(window)}"
    for table in history.tables:
        yield from of_table(table)
    for pool in history.pools:
        yield from of_pool(history, pool)


def size(window: Window) -> str:
    """Return how long an outage is, in words."""
    limits = [(HOUR, "minutes"), (DAY, "hours"), (6 * DAY, "days")]
    length = window.stop - window.start
    return next((word for limit, word in limits if length < limit), "over six days")


def rows(own: list[End]) -> Iterator[str]:
    """Yield rows of failures, and failures right after a recovery."""
    for one, other in zip(own, own[1:]):
        if one.failed and not other.failed and one.run == other.run:
            yield "recovered by the same run"
    groups = [(key, list(each)) for key, each in groupby(own, lambda end: end.failed)]
    for number, (failed, group) in enumerate(groups):
        if failed and number + 1 < len(groups):
            count = str(len(group)) if len(group) < 4 else "4 or more"
            yield f"failures in a row before a success: {count}"
        if not failed and len(group) == 1 and 0 < number < len(groups) - 1:
            yield "failure right after recovery"


def of_success(deployment: Deployment, own: list[End], end: int) -> Iterator[str]:
    """Yield how near to its limits a promise is kept or broken."""
    since = [each.time for each in deployment.paused if not each.on]
    since += [
        each.time for one in deployment.schedules for each in one.active if each.on
    ]
    for promise in promises(deployment, own, end):
        later = [e.time for e in own if not e.failed and e.time >= promise.time]
        first = min(later, default=None)
        if promise.time in since:
            yield "no-success: time exactly at since"
        if usual_duration(own, promise.time) is None:
            yield "no-success: promise without usual duration"
        if first == promise.time:
            yield "no-success: kept exactly at its time"
        elif first == promise.limit:
            yield "no-success: kept exactly at its limit"
        elif first and 0 < promise.limit - first <= 90:
            yield "no-success: kept just before its limit"
        elif first and 0 < first - promise.limit <= 90:
            yield "no-success: broken, success just after its limit"


def taken_back(deployment: Deployment, own: list[End], end: int) -> Iterator[str]:
    """Yield promises that would be broken without a change before their limits."""
    counts = {promise.time for promise in promises(deployment, own, end)}
    paused = joined(switched(deployment.paused, on=True))
    for schedule in deployment.schedules:
        for time, active in times(schedule, end):
            limit = time + HOUR + (usual_duration(own, time) or 0)
            kept = any(not e.failed and time <= e.time <= limit for e in own)
            if time in counts or kept or limit > end:
                continue
            if any(each.start <= time < each.stop for each in paused):
                continue
            if any(time < each.start <= limit for each in paused):
                yield "no-success: taken back by a pause"
            if active.stop <= limit:
                what = ended_by(deployment, schedule, active)
                yield f"no-success: taken back by {what}"


def ended_by(deployment: Deployment, schedule: Schedule, active: Window) -> str:
    """Return what ended a stretch of a schedule."""
    if any(c.time == active.stop and c.on for c in schedule.active):
        return "a deploy"
    others = [each for each in deployment.schedules if each is not schedule]
    if any(c.time == active.stop and c.on for one in others for c in one.active):
        return "a deploy with other times"
    return "switching off"


def other_reasons(history: History, deployment: Deployment) -> Iterator[str]:
    """Yield reasons that open no second incident, and pauses that resolve none."""
    every = deployment_reasons(history, deployment)
    for first in first_of_each(every):
        seen = first_sent(first, history.down, 0)
        others = [
            each
            for each in every
            if each.stop == first.stop and each.kind != first.kind
        ]
        if others:
            yield f"{first.kind} open, the other reason comes"
            if seen is not None and others[0].start <= seen:
                yield "both reasons come while down"
        for pause in switched(deployment.paused, on=True):
            if first.start < pause.start < first.stop:
                yield f"{first.kind} open, deployment paused"
                if pause.start < first.stop < pause.stop:
                    yield f"{first.kind} over while the deployment is paused"
        for schedule in deployment.schedules:
            for off in switched(schedule.active, on=False):
                if first.start < off.start < first.stop:
                    yield f"{first.kind} open, schedule switched off"
            for on in switched(schedule.active, on=True)[1:]:
                if first.start < on.start < first.stop:
                    yield f"{first.kind} open, schedule deployed or switched on"


def of_table(table: Table) -> Iterator[str]:
    """Yield what loads do to a table."""
    if table.promise is None:
        yield "table: without a promise"
        return
    stale = [each.holds[0] for each in stale_table(table)]
    for before, load in zip((None, *table.loads), table.loads):
        was = any(each.start < load.time <= each.stop for each in stale)
        is_old = load.newest + table.promise <= load.time
        word = "stale" if was else "fresh"
        if before is None:
            yield f"table: first load {'too old' if is_old else 'good'}"
            continue
        if load.newest == before.newest:
            yield f"table: empty load, {word}"
        elif load.newest < before.newest:
            good = "too old" if is_old else "good"
            yield f"table: older after a full reload, {word}, {good}"
        elif is_old:
            yield f"table: newer but too old, {word}"
        elif was:
            yield "table: recovers"
        off = load.time - before.newest - table.promise
        if abs(off) <= 90 and not is_old:
            yield f"table: load just {'before' if off < 0 else 'after'} it is stale"


def of_pool(history: History, pool: Pool) -> Iterator[str]:
    """Yield how a pool's stretches without a worker end."""
    watched = any(each.pool == pool.name for each in alerting(history))
    if not watched:
        yield from ["pool without alerts: no worker"] * len(no_worker(pool))
        return
    for one, other in zip(pool.statuses, pool.statuses[1:]):
        if one.status == "NOT_READY":
            lasts = other.time - one.time
            if abs(lasts - 5 * MINUTE) <= 90:
                word = "inside" if lasts < 5 * MINUTE else "outside"
                yield f"limit: no worker, just {word}"
            kind = "short" if lasts < 5 * MINUTE else "long"
            yield f"no-worker: {kind} stretch ended by {other.status}"
