"""Notation for histories that are written by hand."""

from __future__ import annotations

import re
from typing import Any, Iterable

from tests.utils.watch.history_form import (
    DAY,
    Change,
    Deployment,
    History,
    Load,
    Pool,
    Run,
    Schedule,
    State,
    Status,
    Table,
    Window,
)
from tests.utils.watch.oracle import due

STATES = {
    "Scheduled": "SCHEDULED",
    "Late": "SCHEDULED",
    "AwaitingConcurrencySlot": "SCHEDULED",
    "AwaitingRetry": "SCHEDULED",
    "Pending": "PENDING",
    "InfrastructurePending": "PENDING",
    "Running": "RUNNING",
    "Retrying": "RUNNING",
    "Cancelling": "CANCELLING",
    "Completed": "COMPLETED",
    "Failed": "FAILED",
    "TimedOut": "FAILED",
    "Crashed": "CRASHED",
    "Cancelled": "CANCELLED",
}
WATCHED = Deployment("d", "D", ("alerts",), "p")
# The third of them, at 3000, is one too many.
ROW = (("Failed", 1000), ("Failed", 2000), ("Failed", 3000))
Pairs = Iterable[tuple[int, int]]


def run(
    name: str, states: str, expected: int | None = None, deployment: str = "d"
) -> Run:
    """Return a run by its states' names and times, such as "Pending 10, Running 20".

    It is expected at the time of its first state, if nothing else is said.
    """
    found = [
        State(int(time), STATES[name], name)
        for name, time in re.findall(r"(\w+) (\d+)", states)
    ]
    start = found[0].time if expected is None else expected
    return Run(name, deployment, start, tuple(found))


def ends(*rows: tuple[str, int], deployment: str = "d") -> list[Run]:
    """Return runs by how and when they end. Each runs for a minute."""
    return [
        run(
            f"{deployment}{number}",
            f"Scheduled {time - 70}, Running {time - 60}, {name} {time}",
            deployment=deployment,
        )
        for number, (name, time) in enumerate(rows, start=1)
    ]


def usual(*lengths: int) -> list[Run]:
    """Return successes that took so long, one for each day."""
    return [
        run(f"u{n}", f"Running {n * DAY}, Completed {n * DAY + length}")
        for n, length in enumerate(lengths, start=1)
    ]


def schedule(every: int, anchor: int, *active: tuple[int, bool]) -> Schedule:
    """Return a schedule that is active from the beginning, if nothing else is said."""
    changes = active or ((0, True),)
    return Schedule(every, anchor, tuple(Change(*each) for each in changes))


def deployment(
    *schedules: Schedule,
    paused: Iterable[tuple[int, bool]] = (),
    tags: tuple[str, ...] = ("alerts",),
) -> Deployment:
    """Return the deployment d with schedules and pauses."""
    changes = tuple(Change(*each) for each in paused)
    return Deployment("d", "D", tags, "p", schedules, changes)


def table(promise: int | None, *loads: tuple[int, int]) -> Table:
    """Return the table t with its loads."""
    return Table("t", promise, tuple(Load(*each) for each in loads))


def pool(*statuses: tuple[int, str], name: str = "p") -> Pool:
    """Return a pool with its statuses."""
    return Pool(name, tuple(Status(*each) for each in statuses))


def happening(
    runs: Iterable[Run] = (),
    *deployments: Deployment,
    tables: Iterable[Table] = (),
    pools: Iterable[Pool] = (),
    down: Pairs = (),
    messages: Pairs = (),
    incidents: Pairs = (),
    end: int = 30 * DAY,
) -> History:
    """Return a history, of the deployment d if no other is given."""
    refusals = {
        "messages": tuple(Window(*each) for each in messages),
        "incidents": tuple(Window(*each) for each in incidents),
    }
    return History(
        deployments or (WATCHED,),
        tuple(runs),
        tuple(tables),
        tuple(pools),
        tuple(Window(*each) for each in down),
        refusals,
        end,
    )


def row_and_success(time: int, **outages: Any) -> History:
    """Return three failures in a row, and a success at a time."""
    return happening(ends(*ROW, ("Completed", time)), **outages)


def told(history: History, *kinds: str) -> list[tuple[str, str, int, int | None]]:
    """Return what is due in a history, of all kinds or of some."""
    return [
        (each.kind, each.subject, each.opened, each.resolved)
        for each in due(history)
        if not kinds or each.kind in kinds
    ]


def opened(history: History, *kinds: str) -> list[tuple[str, str, int]]:
    """Return which messages are due in a history, and when."""
    return [row[:3] for row in told(history, *kinds)]
