"""What is due: messages about runs, incidents about deployments, tables and work pools.

A message is told once. An incident is opened once for each subject, and resolved when what
was missing has come. infrastructure/alerts.md has the rules in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Iterable, Iterator, Protocol

from utils.watch.history import Deployment, History, Run, Schedule, Table, WorkPool

FAILURES_IN_A_ROW = 3
PENDING_FOR = timedelta(minutes=15)
LATE_BY = timedelta(minutes=15)
RUNNING_LONGER_BY = timedelta(minutes=15)
USUAL_DURATIONS = 3
SUCCESS_WITHIN = timedelta(hours=1)
NOT_READY_FOR = timedelta(minutes=5)
# Prefect keeps events for seven days, by which watch knows what it has told.
MESSAGES_FOR = timedelta(days=6)


class Kind(StrEnum):
    """Kind of an alert."""

    RUN_FAILED = "run-failed"
    RECOVERED = "recovered"
    STUCK_PENDING = "stuck-pending"
    LATE = "late"
    RUNNING_LONG = "running-long"
    REPEATED_FAILURE = "repeated-failure"
    NO_SUCCESS = "no-success"
    STALE_TABLE = "stale-table"
    NO_WORKER = "no-worker"
    REFUSED = "refused"


@dataclass(frozen=True)
class Message:
    """Something about a run that is told once."""

    kind: Kind
    deployment: Deployment
    run: Run
    due: datetime
    count: int = 0
    """Failures in a row, this one included, or those before a recovery."""

    @property
    def subject(self) -> str:
        """The run, by its id."""
        return f"run.{self.run.id}"


@dataclass(frozen=True)
class Incident:
    """Something that is wrong until it is resolved."""

    kind: Kind
    about: Deployment | Table | WorkPool
    due: datetime

    @property
    def subject(self) -> str:
        """The deployment by its id, or the table or work pool by its name."""
        if isinstance(self.about, Deployment):
            return f"deployment.{self.about.id}"
        kind = "table" if isinstance(self.about, Table) else "work-pool"
        return f"{kind}.{self.about.name}"


class Opened(Protocol):
    """Incident that was opened."""

    @property
    def subject(self) -> str: ...

    @property
    def due(self) -> datetime: ...


def messages(history: History) -> Iterator[Message]:
    """Yield the messages that are due, also those that were told already."""
    for deployment in history.deployments:
        for message in _messages(deployment, history.restored.at):
            if history.now - MESSAGES_FOR < message.due <= history.now:
                yield message


def incidents(history: History) -> Iterator[Incident]:
    """Yield for each subject the first reason that holds, if one does."""
    restored = history.restored.at
    reasons: Iterable[Incident | None] = (
        *(_of_deployment(each, restored) for each in history.deployments),
        *(_of_table(each, restored) for each in history.tables),
        *(_of_pool(each, restored) for each in history.pools),
    )
    yield from (each for each in reasons if each and each.due <= history.now)


def is_over(incident: Opened, history: History) -> bool:
    """Return whether what an opened incident was about has come.

    A deployment, table or pool that is gone has nothing more to come.
    """
    kind, _, name = incident.subject.partition(".")
    if kind == "table":
        tables = (each for each in history.tables if each.name == name)
        return all(each.fresh and each.fresh >= incident.due for each in tables)
    if kind == "work-pool":
        pools = (each for each in history.pools if each.name == name)
        return all(
            each.not_ready_since is None or each.not_ready_since > incident.due
            for each in pools
        )
    deployments = (each for each in history.deployments if each.id == name)
    return all(
        any(end.at >= incident.due for end in each.successes) for each in deployments
    )


def _messages(deployment: Deployment, restored: datetime) -> Iterator[Message]:
    yield from _of_ends(deployment)
    for run in deployment.runs:
        state = run.state
        if state.type == "PENDING":
            due = run.since + PENDING_FOR
            yield Message(Kind.STUCK_PENDING, deployment, run, due)
        elif all(each.type == "SCHEDULED" for each in run.states):
            if state.name != "AwaitingConcurrencySlot":
                due = max(run.expected + LATE_BY, state.at)
                yield Message(Kind.LATE, deployment, run, due)
        elif state.type == "RUNNING" and (since := run.running_since):
            if usual := deployment.usual_duration(since):
                due = max(since, restored) + USUAL_DURATIONS * usual + RUNNING_LONGER_BY
                yield Message(Kind.RUNNING_LONG, deployment, run, due)


def _of_ends(deployment: Deployment) -> Iterator[Message]:
    failures = 0
    recovery = None
    for end in deployment.ends:
        if end.failed:
            failures += 1
            recovery = None  # it is over
            yield Message(Kind.RUN_FAILED, deployment, end.run, end.at, failures)
        elif failures:
            recovery = Message(Kind.RECOVERED, deployment, end.run, end.at, failures)
            failures = 0
    if recovery:
        yield recovery


def _of_deployment(deployment: Deployment, restored: datetime) -> Incident | None:
    reasons = []
    failures = deployment.failures_since_success
    if len(failures) >= FAILURES_IN_A_ROW:
        third = failures[FAILURES_IN_A_ROW - 1].at
        reasons.append(Incident(Kind.REPEATED_FAILURE, deployment, third))
    for schedule in deployment.schedules:
        if due := _success_due(deployment, schedule, restored):
            reasons.append(Incident(Kind.NO_SUCCESS, deployment, due))
    return min(reasons, key=lambda each: each.due, default=None)


def _success_due(
    deployment: Deployment, schedule: Schedule, restored: datetime
) -> datetime | None:
    """Return when a success is due at last that has not come yet.

    Before a restore there may have been one of which nothing is known.
    """
    since = max(schedule.since - timedelta(microseconds=1), restored)
    if deployment.successes:
        since = max(since, deployment.successes[-1].at)
    time = schedule.next_time(since)
    if time is None:
        return None
    return time + SUCCESS_WITHIN + (deployment.usual_duration(time) or timedelta())


def _of_table(table: Table, restored: datetime) -> Incident:
    newest = table.newest
    if table.loaded < restored:  # and perhaps once more, of which nothing is known
        newest = max(newest, restored)
    return Incident(Kind.STALE_TABLE, table, max(newest + table.promise, table.loaded))


def _of_pool(pool: WorkPool, restored: datetime) -> Incident | None:
    if pool.not_ready_since is None:
        return None
    since = max(pool.not_ready_since, restored)
    return Incident(Kind.NO_WORKER, pool, since + NOT_READY_FOR)
