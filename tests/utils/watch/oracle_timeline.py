"""Questions about a history's timeline that more than one rule of the oracle asks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Iterable, NamedTuple

from tests.utils.watch.history_form import (
    NEVER,
    Change,
    Deployment,
    History,
    Run,
    Window,
)

FAILURES = ("FAILED", "CRASHED")
ENDS = (*FAILURES, "COMPLETED", "CANCELLED")


@dataclass(frozen=True)
class Reason:
    """Reason to tell something, with the stretches of time in which it holds.

    The first stretch begins when it is due. Stretches are in order and not empty.
    """

    kind: str
    subject: str
    holds: tuple[Window, ...]

    @property
    def start(self) -> int:
        """Time at which it is due."""
        return self.holds[0].start

    @property
    def stop(self) -> int:
        """Time from which it holds no more."""
        return self.holds[-1].stop


class Span(NamedTuple):
    """State of a run with the time of the next one (or NEVER)."""

    start: int
    stop: int
    type: str
    name: str


class End(NamedTuple):
    """Failure or success of a run, and how long it had run."""

    time: int
    run: str
    failed: bool
    duration: int | None


def alerting(history: History) -> list[Deployment]:
    """Return the deployments that count.

    "Only deployments with the tag `alerts` count, and only runs of such deployments.
    Other runs are as if they did not exist."
    """
    return [each for each in history.deployments if "alerts" in each.tags]


def alerting_runs(history: History) -> list[Run]:
    """Return the runs of the deployments that count."""
    counting = {each.id for each in alerting(history)}
    return [run for run in history.runs if run.deployment in counting]


def attempts(run: Run) -> list[list[Span]]:
    """Return a run's states, cut after each of its ends.

    "A run that has ended may be started once more by a person [...]; each of its ends
    counts as the end of a run of its own. A retry that the flow itself makes (RUNNING,
    AwaitingRetry, RUNNING) is no end."
    """
    stops = [state.time for state in run.states[1:]] + [NEVER]
    found: list[list[Span]] = [[]]
    for state, stop in zip(run.states, stops):
        if found[-1] and found[-1][-1].type in ENDS:
            found.append([])
        found[-1].append(Span(state.time, stop, state.type, state.name))
    return found


def running_since(attempt: list[Span]) -> int | None:
    """Return the time of the first RUNNING since the last end, if there was one."""
    return next((span.start for span in attempt if span.type == "RUNNING"), None)


def ends(history: History, deployment: str) -> list[End]:
    """Return a deployment's failures and successes by time."""
    return ends_of(run for run in history.runs if run.deployment == deployment)


def ends_of(runs: Iterable[Run]) -> list[End]:
    """Return the failures and successes of runs by time.

    "A run *fails* when it ends in a state of the type FAILED or CRASHED (a time-out is
    FAILED with the name TimedOut). It *succeeds* when it ends in COMPLETED. CANCELLED
    is neither: it is left out of everything below."
    """
    found = []
    for run in runs:
        for attempt in attempts(run):
            last = attempt[-1]
            if last.type == "COMPLETED" or last.type in FAILURES:
                began = running_since(attempt)
                duration = None if began is None else last.start - began
                failed = last.type in FAILURES
                found.append(End(last.start, run.id, failed, duration))
    return sorted(found, key=lambda end: end.time)


def usual_duration(of_deployment: Iterable[End], time: int) -> float | None:
    """Return a deployment's usual duration at a time, if it has one.

    "The *usual duration* of a deployment at a time is the median of the durations (from
    the first RUNNING since its last end, to its end) of its last 20 runs that succeeded
    before that time. A deployment with fewer than 3 such runs has no usual duration."
    """
    durations = [
        end.duration
        for end in of_deployment
        if not end.failed and end.time < time and end.duration is not None
    ]
    return median(durations[-20:]) if len(durations) >= 3 else None


def next_end(of_deployment: Iterable[End], time: int, failed: bool) -> int:
    """Return the time of the first failure (or success) after a time, or NEVER."""
    return min(
        (end.time for end in of_deployment if end.failed == failed and end.time > time),
        default=NEVER,
    )


def switched(changes: tuple[Change, ...], on: bool) -> list[Window]:
    """Return the stretches between two changes in which a switch is on (or off)."""
    stops = [*changes[1:], Change(NEVER, False)]
    return [
        Window(change.time, stop.time)
        for change, stop in zip(changes, stops)
        if change.on == on
    ]


def joined(windows: Iterable[Window]) -> list[Window]:
    """Return windows in order, as one where one begins at the stop of the other."""
    found: list[Window] = []
    for window in sorted(each for each in windows if each.start < each.stop):
        if found and window.start <= found[-1].stop:
            stop = max(window.stop, found[-1].stop)
            found[-1] = Window(found[-1].start, stop)
        else:
            found.append(window)
    return found


def first_outside(time: int, *windows: Iterable[Window]) -> int:
    """Return the first moment from a time on that is in none of the windows."""
    for window in joined(each for some in windows for each in some):
        if window.start <= time < window.stop:
            time = window.stop
    return time


def in_order(run: Run) -> bool:
    """Return whether a run's states follow each other in time."""
    return all(one.time < other.time for one, other in pairwise(run.states))
