"""Reasons for messages, found in a history as a whole."""

from __future__ import annotations

from itertools import groupby, takewhile
from math import floor

from tests.utils.watch.history_form import MINUTE, NEVER, History, Run, Window
from tests.utils.watch.oracle_timeline import (
    End,
    Reason,
    alerting,
    alerting_runs,
    attempts,
    ends,
    next_end,
    running_since,
    usual_duration,
)


def message_reasons(history: History) -> list[Reason]:
    """Return the reasons for all messages, also for those that nobody can tell."""
    found = []
    of_deployment = {each.id: ends(history, each.id) for each in alerting(history)}
    for own in of_deployment.values():
        found += run_failed(own)
        found += recovered(own)
    for run in alerting_runs(history):
        found += stuck_pending(run)
        found += late(run)
        found += running_long(run, of_deployment[run.deployment])
    return found


def run_failed(of_deployment: list[End]) -> list[Reason]:
    """Return the reasons of run-failed.

    "when a run fails". "A message whose reason has passed while nobody could tell it
    [...] is told late if its kind is run-failed": it holds for ever.
    """
    return [
        Reason("run-failed", end.run, (Window(end.time, NEVER),))
        for end in of_deployment
        if end.failed
    ]


def recovered(of_deployment: list[End]) -> list[Reason]:
    """Return the reasons of recovered.

    "when a run succeeds and the previous end of the same deployment (failed or
    succeeded, by time of its end) is a failure". "A recovery is told late if no failure
    has come after it."
    """
    return [
        Reason(
            "recovered",
            end.run,
            (Window(end.time, next_end(of_deployment, end.time, failed=True)),),
        )
        for previous, end in zip(of_deployment, of_deployment[1:])
        if previous.failed and not end.failed
    ]


def stuck_pending(run: Run) -> list[Reason]:
    """Return the reasons of stuck-pending.

    "when a run has been in one stretch of the type PENDING for 15 minutes". Told late
    only if "the run is still pending".
    """
    found = []
    for attempt in attempts(run):
        for kind, group in groupby(attempt, key=lambda span: span.type):
            spans = list(group)
            due, stop = spans[0].start + 15 * MINUTE, spans[-1].stop
            if kind == "PENDING" and due < stop:
                found.append(Reason("stuck-pending", run.id, (Window(due, stop),)))
    return found


def late(run: Run) -> list[Reason]:
    """Return the reason of late, if there is one.

    "15 minutes after the expected start of a run that has been of the type SCHEDULED
    without interruption since its beginning, except while its name is
    AwaitingConcurrencySlot: due at the first moment, 15 minutes after the expected
    start or later, at which it is SCHEDULED under another name".
    """
    due = run.expected + 15 * MINUTE
    scheduled = takewhile(lambda span: span.type == "SCHEDULED", attempts(run)[0])
    holds = tuple(
        Window(max(span.start, due), span.stop)
        for span in scheduled
        if span.name != "AwaitingConcurrencySlot" and due < span.stop
    )
    return [Reason("late", run.id, holds)] if holds else []


def running_long(run: Run, of_deployment: list[End]) -> list[Reason]:
    """Return the reasons of running-long.

    "when a run has been RUNNING (since the first RUNNING since its last end) for longer
    than three times its deployment's usual duration plus 15 minutes, if it has a usual
    duration; the usual duration is that at the start of RUNNING. Time in AwaitingRetry
    between counts; it is due only while it is in the type RUNNING".
    """
    found = []
    for attempt in attempts(run):
        began = running_since(attempt)
        usual = None if began is None else usual_duration(of_deployment, began)
        if began is None or usual is None:
            continue
        # Longer than the limit, in whole seconds.
        due = began + floor(3 * usual + 15 * MINUTE) + 1
        holds = tuple(
            Window(max(span.start, due), span.stop)
            for span in attempt
            if span.type == "RUNNING" and due < span.stop
        )
        if holds:
            found.append(Reason("running-long", run.id, holds))
    return found
