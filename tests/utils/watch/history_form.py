"""Form of a history: what happens to runs, tables and pools while alerts are watched.

Times are whole seconds since the beginning of the history. Windows and spans contain
their start, but not their stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, NamedTuple

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Stop of what does not stop within the history.
NEVER = 10**12


class State(NamedTuple):
    """State of a run, from its time until the run's next state."""

    time: int
    type: str
    name: str


class Change(NamedTuple):
    """Value of a switch, from its time until its next change."""

    time: int
    on: bool


class Load(NamedTuple):
    """End of a load into a table, and the table's newest cursor value from then on."""

    time: int
    newest: int


class Status(NamedTuple):
    """Status of a work pool (READY, NOT_READY or PAUSED), until the next one."""

    time: int
    status: str


class Window(NamedTuple):
    """Stretch of time, from its start to just before its stop."""

    start: int
    stop: int


@dataclass(frozen=True)
class Schedule:
    """Schedule with the times anchor + k * every, for each whole k.

    Each change to True is a `since`: the schedule was made, changed or became active
    again, also if it was active before. A schedule whose times changed is two
    schedules: the old one ends when the new one begins.
    """

    every: int
    anchor: int
    active: tuple[Change, ...]


@dataclass(frozen=True)
class Deployment:
    """Deployment, which is not paused before its first change of `paused`."""

    id: str
    name: str
    tags: tuple[str, ...]
    pool: str
    schedules: tuple[Schedule, ...] = ()
    paused: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Run:
    """Run of a deployment, by its id, with its states in order."""

    id: str
    deployment: str
    expected: int
    states: tuple[State, ...]


@dataclass(frozen=True)
class Table:
    """Table with its promise in seconds (None: it has none) and its loads in order."""

    name: str
    promise: int | None
    loads: tuple[Load, ...]


@dataclass(frozen=True)
class Pool:
    """Work pool with its statuses in order."""

    name: str
    statuses: tuple[Status, ...]


@dataclass(frozen=True)
class History:
    """History of some weeks.

    In `down` server or watch is down: nothing can be told, but runs go on. In
    `refusals` the place of that name ("messages", "incidents") refuses everything.
    """

    deployments: tuple[Deployment, ...]
    runs: tuple[Run, ...]
    tables: tuple[Table, ...]
    pools: tuple[Pool, ...]
    down: tuple[Window, ...]
    refusals: Mapping[str, tuple[Window, ...]]
    end: int
