"""Reasons for incidents, found in a history as a whole."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from tests.utils.watch.history_form import (
    HOUR,
    MINUTE,
    NEVER,
    Deployment,
    History,
    Pool,
    Schedule,
    Table,
    Window,
)
from tests.utils.watch.oracle_timeline import (
    End,
    Reason,
    alerting,
    ends,
    joined,
    next_end,
    switched,
    usual_duration,
)


class Promise(NamedTuple):
    """Success that a schedule promises: one of its times, and when it is broken."""

    time: int
    limit: int


def incident_reasons(history: History) -> list[Reason]:
    """Return the reasons for all incidents, also for those that nobody can tell."""
    found = []
    for deployment in alerting(history):
        found += first_of_each(deployment_reasons(history, deployment))
    for table in history.tables:
        found += stale_table(table)
    for pool in history.pools:
        if any(each.pool == pool.name for each in alerting(history)):
            found += no_worker(pool)
    return found


def deployment_reasons(history: History, deployment: Deployment) -> list[Reason]:
    """Return all reasons of a deployment, each until its next success."""
    own = ends(history, deployment.id)
    return [
        *repeated_failure(deployment, own),
        *no_success(deployment, own, history.end),
    ]


def first_of_each(reasons: list[Reason]) -> list[Reason]:
    """Return the reasons that open an incident: the first before each success.

    "While a deployment's incident is open, the other reason opens no second one. After
    it was resolved by a success at time t, only reasons from after t open a new one".
    All reasons of a deployment hold until its next success.
    """
    first: dict[int, Reason] = {}
    for reason in sorted(reasons, key=lambda each: each.start):
        first.setdefault(reason.stop, reason)
    return list(first.values())


def repeated_failure(deployment: Deployment, own: list[End]) -> list[Reason]:
    """Return the reasons of repeated-failure.

    "when the third end in a row of the deployment (successes and failures alone, by
    time) is a failure", until "the deployment's next success".
    """
    found, in_a_row = [], 0
    for end in own:
        in_a_row = in_a_row + 1 if end.failed else 0
        if in_a_row == 3:
            stop = next_end(own, end.time, failed=False)
            hold = Window(end.time, stop)
            found.append(Reason("repeated-failure", deployment.id, (hold,)))
    return found


def no_success(deployment: Deployment, own: list[End], end: int) -> list[Reason]:
    """Return the reasons of no-success.

    "The promise of `d` is broken if at `d` + 1 hour + usual duration (that at `d`; 0
    without one) no run of the deployment has succeeded with an end at or after `d`.
    Then an incident is opened. A success at a later time resolves it."
    """
    found = []
    for promise in promises(deployment, own, end):
        kept = any(
            not each.failed and promise.time <= each.time <= promise.limit
            for each in own
        )
        if not kept:
            stop = next_end(own, promise.limit, failed=False)
            hold = Window(promise.limit, stop)
            found.append(Reason("no-success", deployment.id, (hold,)))
    return found


def promises(deployment: Deployment, own: list[End], end: int) -> list[Promise]:
    """Return the promises of a deployment's schedules whose limits a history reaches.

    "Each active schedule of a deployment that is not paused promises a success for each
    of its times: a time `d` counts if it is not before `since`, when the schedule was
    made, changed, or became active again, or its deployment was resumed." All of this
    is asked at the limit, so that a change between `d` and its limit takes it back.
    """
    paused = joined(switched(deployment.paused, on=True))
    found = []
    for schedule in deployment.schedules:
        for time, active in times(schedule, end):
            limit = time + HOUR + ceil(usual_duration(own, time) or 0)
            unpaused = all(each.stop <= time or each.start > limit for each in paused)
            if limit <= end and limit < active.stop and unpaused:
                found.append(Promise(time, limit))
    return found


def times(schedule: Schedule, end: int) -> list[tuple[int, Window]]:
    """Return a schedule's times up to an end, each with its unchanged stretch."""
    found = []
    for active in switched(schedule.active, on=True):
        rounds = ceil((active.start - schedule.anchor) / schedule.every)
        time = schedule.anchor + rounds * schedule.every
        while time < min(active.stop, end):
            found.append((time, active))
            time += schedule.every
    return found


def stale_table(table: Table) -> list[Reason]:
    """Return the reasons of stale-table.

    "A load says at its end which value is newest [...]; the last load's word counts. It
    is stale at newest + promise; a load that ends with a value that is too old already
    makes it stale at its end. An empty load, with the same newest value, changes
    nothing." Over "when a load has brought a value that is within its promise at the
    load's end".
    """
    if table.promise is None:
        return []
    stops = [load.time for load in table.loads[1:]] + [NEVER]
    stale = joined(
        Window(max(load.time, load.newest + table.promise), stop)
        for load, stop in zip(table.loads, stops)
    )
    return [Reason("stale-table", table.name, (window,)) for window in stale]


def no_worker(pool: Pool) -> list[Reason]:
    """Return the reasons of no-worker.

    "when a pool of such deployments has been NOT_READY for 5 minutes in one stretch;
    PAUSED or READY ends a stretch", until "it is READY or PAUSED".
    """
    stops = [status.time for status in pool.statuses[1:]] + [NEVER]
    stretches = joined(
        Window(status.time, stop)
        for status, stop in zip(pool.statuses, stops)
        if status.status == "NOT_READY"
    )
    return [
        Reason("no-worker", pool.name, (Window(each.start + 5 * MINUTE, each.stop),))
        for each in stretches
        if each.start + 5 * MINUTE < each.stop
    ]
