"""What watch knows when it looks: deployments with their runs and schedules, pools, tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Any, Callable, Iterator
from uuid import UUID

FAILED = ("FAILED", "CRASHED")
FINAL = (*FAILED, "COMPLETED", "CANCELLED")
# Runs from whose durations the usual one comes.
MOST_DURATIONS = 20
LEAST_DURATIONS = 3


def moment(at: datetime) -> datetime:
    """Return one of Prefect's times as Python's own.

    Prefect's are pendulum's, which lose their time zone when a duration is added in UTC.
    """
    return datetime.fromtimestamp(at.timestamp(), UTC)


@dataclass(frozen=True)
class State:
    """State of a run, and when it began."""

    at: datetime
    type: str
    name: str
    message: str = ""


@dataclass(frozen=True)
class End:
    """End of a run. One that is started again by hand has several."""

    run: Run
    state: State
    began: datetime | None
    """When it began to run, None if it never did."""

    @property
    def at(self) -> datetime:
        """Time of the end."""
        return self.state.at

    @property
    def failed(self) -> bool:
        """True for a failure, a crash and a time-out."""
        return self.state.type in FAILED

    @property
    def succeeded(self) -> bool:
        """True if the run has completed."""
        return self.state.type == "COMPLETED"


@dataclass(frozen=True)
class Run:
    """Run of a deployment with all of its states, the oldest first."""

    id: str
    name: str
    expected: datetime
    states: tuple[State, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    is_scheduled: bool = False
    """Whether a schedule started it, and nobody else."""
    infrastructure: str = ""
    """Where its worker has started it, which may be told late, or never."""

    @property
    def state(self) -> State:
        """The state that it is in."""
        return self.states[-1]

    @property
    def since(self) -> datetime:
        """Time at which it came into a state of the type that it is in."""
        begin = self.state.at
        for state in reversed(self.states):
            if state.type != self.state.type:
                break
            begin = state.at
        return begin

    @property
    def running_since(self) -> datetime | None:
        """Time at which it began to run, after its last end if it had one."""
        return _began(self.states)

    @property
    def ends(self) -> Iterator[End]:
        """Ends of the run, cancellations included."""
        for number, state in enumerate(self.states):
            if state.type in FINAL:
                yield End(self, state, _began(self.states[:number]))


@dataclass(frozen=True)
class Schedule:
    """Schedule that is active, of a deployment that is not paused."""

    next_time: Callable[[datetime], datetime | None]
    """Returns the first time after another one, None if there is none."""
    since: datetime
    """When it was made, changed or became active."""


@dataclass(frozen=True)
class ConcurrencyLimit:
    """Limit of the runs of a deployment at the same time."""

    limit: int
    active_slots: int
    """Slots that are taken."""


@dataclass(frozen=True)
class Deployment:
    """Deployment with its runs, active schedules and the tables that it loads."""

    id: str
    name: str
    """The name in Prefect's commands: `flow/deployment`."""
    runs: tuple[Run, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: ConcurrencyLimit | None = None
    tags: tuple[str, ...] = ()

    @cached_property
    def ends(self) -> tuple[End, ...]:
        """Failures and successes, by time. Cancelled runs are neither."""
        ends = (end for run in self.runs for end in run.ends)
        judged = (end for end in ends if end.failed or end.succeeded)
        return tuple(sorted(judged, key=lambda end: end.at))

    @cached_property
    def successes(self) -> tuple[End, ...]:
        """Successes, by time."""
        return tuple(end for end in self.ends if end.succeeded)

    @property
    def failures_since_success(self) -> tuple[End, ...]:
        """Failures after the last success, by time."""
        last = max(
            (n for n, end in enumerate(self.ends, 1) if end.succeeded), default=0
        )
        return self.ends[last:]

    def usual_duration(self, at: datetime) -> timedelta | None:
        """Return the median of the last successes' durations, None if there are too few."""
        seconds = [
            (end.at - end.began).total_seconds()
            for end in self.successes
            if end.began and end.at < at
        ][-MOST_DURATIONS:]
        if len(seconds) < LEAST_DURATIONS:
            return None
        return timedelta(seconds=median(seconds))


@dataclass(frozen=True)
class WorkPool:
    """Work pool of such deployments."""

    name: str
    not_ready_since: datetime | None
    """When its workers were last heard of, None if it is ready or paused."""


@dataclass
class Memory:
    """Observations of earlier looks that Prefect's server does not record."""

    paused: dict[UUID, datetime] = field(default_factory=dict)
    """When a deployment was last seen paused."""
    not_ready: dict[str, datetime] = field(default_factory=dict)
    """When a work pool was first seen without a worker, if it has none."""


@dataclass(frozen=True)
class Table:
    """Table with a promise, as its last load has left it."""

    name: str
    newest: datetime
    """Newest value of its cursor."""
    promise: timedelta
    """Age that the newest value is not to reach."""
    loaded: datetime
    """When the last load ended."""
    fresh: datetime | None = None
    """When a load last ended with a newest value within the promise."""
    flow: str = ""
    """Flow that loads it."""


@dataclass(frozen=True)
class Restored:
    """Last restore of Prefect's database. What happened before it is not all known."""

    known_until: datetime
    """Time of the last thing that the backup knew."""
    at: datetime


NEVER_RESTORED = Restored(
    datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
)


@dataclass(frozen=True)
class History:
    """Facts that are known at a moment."""

    now: datetime
    deployments: tuple[Deployment, ...] = ()
    """Deployments of which people are told."""
    pools: tuple[WorkPool, ...] = ()
    tables: tuple[Table, ...] = ()
    others: tuple[Deployment, ...] = ()
    """Deployments of which nobody is told."""
    restored: Restored = NEVER_RESTORED

    @property
    def all_deployments(self) -> tuple[Deployment, ...]:
        """Deployments whose runs are repaired."""
        return *self.deployments, *self.others


def _began(states: tuple[State, ...]) -> datetime | None:
    ends = [number for number, state in enumerate(states, 1) if state.type in FINAL]
    since = states[ends[-1] if ends else 0 :]
    return next((state.at for state in since if state.type == "RUNNING"), None)
