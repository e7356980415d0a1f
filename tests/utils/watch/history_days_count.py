"""Counts of the kinds of days in a history, by what its runs' states say."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Iterator

from tests.utils.watch.history_form import HOUR, MINUTE, NEVER, History, Run
from tests.utils.watch.oracle_incidents import times
from tests.utils.watch.oracle_messages import late, running_long
from tests.utils.watch.oracle_timeline import (
    ENDS,
    End,
    Span,
    alerting,
    attempts,
    ends,
    joined,
    running_since,
    switched,
    usual_duration,
)

SLOT = "AwaitingConcurrencySlot"


def day_kinds(history: History) -> Iterator[str]:
    """Yield the kinds of the days of the deployments that count."""
    for deployment in alerting(history):
        own = ends(history, deployment.id)
        runs = [run for run in history.runs if run.deployment == deployment.id]
        expected = {run.expected for run in runs}
        scheduled = {
            time
            for schedule in deployment.schedules
            for time, _ in times(schedule, history.end)
            if not any(
                each.start <= time < each.stop
                for each in joined(switched(deployment.paused, on=True))
            )
        }
        yield from ["day: missed schedule"] * len(scheduled - expected)
        yield from ["day: started by hand"] * len(expected - scheduled)
        for run in runs:
            yield from waiting(run)
            for number, attempt in enumerate(attempts(run)):
                yield from one_attempt(attempt, again=number > 0)
                yield from length(attempt, own)
            if len(attempts(run)) > 2:
                yield "day: started again twice"
            yield from long_runs(run, own)
    counting = {deployment.id for deployment in alerting(history)}
    for run in history.runs:
        if run.deployment not in counting and run.states[-1].type == "FAILED":
            yield "without the tag: failure"


def one_attempt(attempt: list[Span], again: bool) -> Iterator[str]:
    """Yield what one attempt of a run is."""
    last = attempt[-1]
    if last.type not in ENDS:
        yield "day: goes on at the end of the history"
        return
    yield f"day: {last.type if last.name != 'TimedOut' else last.name}"
    names = [span.name for span in attempt]
    if "Retrying" in names:
        yield f"day: flow's own retries, then {last.type}"
    if again:
        yield f"day: started again by a person, then {last.type}"
    if last.type == "CRASHED" and "RUNNING" not in [span.type for span in attempt]:
        yield "day: crash before RUNNING"
    stretches = [
        list(spans)
        for kind, spans in groupby(attempt, key=lambda span: span.type)
        if kind == "PENDING"
    ]
    for stretch in stretches:
        lasts = stretch[-1].stop - stretch[0].start
        yield from near("pending", lasts, 15 * MINUTE)
        if lasts > 15 * MINUTE and again:
            yield "day: pending for long when started again"
        if lasts > 15 * MINUTE and len(stretch) > 1:
            yield "day: pending for long under two names"
    if len(stretches) > 1:
        yield "day: pending twice"


def near(what: str, length: int, limit: int) -> Iterator[str]:
    """Yield whether a length is just inside or just outside of a limit."""
    if -90 <= length - limit < 0:
        yield f"limit: {what}, just inside"
    elif 0 <= length - limit <= 90:
        yield f"limit: {what}, just outside"
    elif HOUR < length - limit < NEVER // 2:
        yield f"limit: {what}, far outside"


def waiting(run: Run) -> Iterator[str]:
    """Yield how a run waited for its start."""
    spans = attempts(run)[0]
    waited = [span for span in spans if span.type == "SCHEDULED"]
    first = next((span for span in spans if span.type != "SCHEDULED"), None)
    if first is None:
        return
    slots = [span for span in waited if span.name == SLOT]
    if not slots:
        yield from near("late", first.start - run.expected, 15 * MINUTE)
        if first.type == "CANCELLED":
            yield "day: cancelled before its start"
    elif first.start - run.expected > 15 * MINUTE:
        yield f"day: waits for a slot, {'late afterwards' if late(run) else 'not late'}"


def length(attempt: list[Span], own: list[End]) -> Iterator[str]:
    """Yield how an attempt's time of running is to its limit."""
    began = running_since(attempt)
    if began is None:
        return
    usual = usual_duration(own, began)
    if usual is None:
        yield "usual duration: none at RUNNING"
        if attempt[-1].start - began > HOUR:
            yield "usual duration: none at RUNNING for more than an hour"
        return
    successes = [each for each in own if not each.failed and each.time < began]
    if len(successes) > 20:
        yield "usual duration: of more than 20"
        every = sorted(each.duration or 0 for each in successes)
        if every[len(every) // 2] != usual:
            yield "usual duration: differs by its 20 runs"
    limit = int(3 * usual + 15 * MINUTE)
    yield from near("running", attempt[-1].start - began, limit)


def long_runs(run: Run, own: list[End]) -> Iterator[str]:
    """Yield how runs that ran too long went on."""
    for reason in running_long(run, own):
        last = next(
            attempt[-1]
            for attempt in attempts(run)
            if attempt[0].start <= reason.start < attempt[-1].stop
        )
        yield f"day: hang, then {last.type}"
    for one, other in pairwise(run.states):
        began = running_since(attempts(run)[0])
        usual = usual_duration(own, began) if began is not None else None
        if began is not None and usual is not None and one.name == "AwaitingRetry":
            limit = began + 3 * usual + 15 * MINUTE
            if one.time < limit < other.time and other.name == "Retrying":
                yield "day: waits for its retry at the limit of running"
