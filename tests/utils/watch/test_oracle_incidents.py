"""Incidents that the oracle finds in histories written by hand."""

from __future__ import annotations

import pytest

from tests.utils.watch.hand_written import (
    deployment,
    ends,
    happening,
    run,
    schedule,
    told,
    usual,
)
from tests.utils.watch.history_form import DAY, HOUR, History
from tests.utils.watch.oracle import INCIDENTS

FAILED, DONE, CANCELLED = "Failed", "Completed", "Cancelled"

# A daily schedule that promises a success for the day 10 alone.
D = 10 * DAY
LATER = D + HOUR
# The limit of what usually runs for a minute.
LIMIT = LATER + 60
DAILY = schedule(DAY, 0, (D - HOUR, True), (D + HOUR + 600, False))


def incidents(history: History) -> list[tuple[str, str, int, int | None]]:
    """Return the incidents that are due in a history."""
    return told(history, *INCIDENTS)


@pytest.mark.parametrize(
    "rows, found",
    [
        ([FAILED, FAILED], []),
        ([FAILED, FAILED, DONE], []),
        ([FAILED, FAILED, DONE, FAILED, DONE], []),
        ([FAILED, FAILED, FAILED], [(3, None)]),
        ([FAILED, FAILED, FAILED, DONE], [(3, 4)]),
        ([FAILED, "Crashed", "TimedOut", DONE], [(3, 4)]),
        ([FAILED] * 5 + [DONE, DONE], [(3, 6)]),
        ([FAILED, CANCELLED, FAILED, CANCELLED, FAILED, CANCELLED, DONE], [(5, 7)]),
        ([FAILED] * 3 + [DONE] + [FAILED] * 2, [(3, 4)]),
        ([FAILED] * 3 + [DONE] + [FAILED] * 3 + [DONE], [(3, 4), (7, 8)]),
    ],
)
def test_three_failures_in_a_row_are_an_incident(
    rows: list[str], found: list[tuple[int, int | None]]
) -> None:
    runs = ends(*[(name, number * DAY) for number, name in enumerate(rows, start=1)])
    expected = [
        ("repeated-failure", "d", one * DAY, two and two * DAY) for one, two in found
    ]
    assert incidents(happening(runs)) == expected


def test_three_ends_of_one_run_are_three_in_a_row() -> None:
    again = ["AwaitingRetry {0}10, Running {0}20, Failed {0}90".format(n) for n in "12"]
    history = happening([run("r", ", ".join(["Running 10, Failed 90", *again]))])
    assert incidents(history) == [("repeated-failure", "d", 290, None)]


# No success


@pytest.mark.parametrize(
    "success, found",
    [
        (None, [(LATER, None)]),
        (D - 1, [(LATER, None)]),
        (D, []),
        (LATER - 60, []),
        (LATER, []),
        (LATER + 60, [(LATER, LATER + 60)]),
    ],
)
def test_a_time_without_success_within_an_hour_is_an_incident(
    success: int | None, found: list[tuple[int, int | None]]
) -> None:
    runs = ends((DONE, success)) if success else []
    expected = [("no-success", "d", *times) for times in found]
    assert incidents(happening(runs, deployment(DAILY))) == expected


def test_a_usual_duration_is_added_to_the_hour() -> None:
    runs = usual(600, 600, 600)
    daily = deployment(schedule(DAY, 0, (D - HOUR, True)))
    history = happening(runs, daily, end=D + 3 * HOUR)
    assert incidents(history) == [("no-success", "d", LATER + 600, None)]


def test_the_usual_duration_is_that_at_the_scheduled_time() -> None:
    # The third success ends before the time, or after its limit.
    early = run("r", f"Running {D - 900}, Completed {D - 300}")
    late = run("r", f"Running {LATER - 540}, Completed {LATER + 60}")
    daily = deployment(schedule(DAY, 0, (D - HOUR, True)))
    history = happening([*usual(600, 600), early], daily, end=D + 3 * HOUR)
    assert incidents(history) == [("no-success", "d", LATER + 600, None)]
    history = happening([*usual(600, 600), late], daily, end=D + 3 * HOUR)
    assert incidents(history) == [("no-success", "d", LATER, LATER + 60)]


def test_a_run_of_an_earlier_time_or_of_a_person_keeps_a_promise_too() -> None:
    runs = [run("r", f"Running {D - 5 * HOUR}, Completed {D + 5}")]
    assert incidents(happening(runs, deployment(DAILY))) == []


def test_further_times_without_success_open_no_second_incident() -> None:
    every = deployment(schedule(DAY, 0, (D, True)))
    runs = ends((DONE, 13 * DAY - 60), (DONE, 15 * DAY + 5))
    assert incidents(happening(runs, every, end=15 * DAY + 2 * HOUR)) == [
        ("no-success", "d", D + HOUR, 13 * DAY - 60),
        ("no-success", "d", 13 * DAY + HOUR, 15 * DAY + 5),
    ]


def test_each_schedule_promises() -> None:
    other = schedule(7 * DAY, 11 * DAY, (D + 2 * HOUR, True))
    both = deployment(DAILY, other)
    runs = ends((DONE, D + 60))
    history = happening(runs, both, end=12 * DAY)
    assert incidents(history) == [("no-success", "d", 11 * DAY + HOUR, None)]


@pytest.mark.parametrize(
    "active, paused, found",
    [
        # made, changed or active again exactly at the time, and just after it
        ([(D, True)], [], True),
        ([(D + 1, True)], [], False),
        ([(0, True), (D, True)], [], True),
        ([(0, True), (D + 1, True)], [], False),
        ([(0, True), (9 * DAY + 1, False), (D, True)], [], True),
        ([(0, True), (9 * DAY + 1, False), (D + 1, True)], [], False),
        # resumed exactly at the time, and just after it
        ([(D - 60, True)], [(5, True), (D, False)], True),
        ([(D - 60, True)], [(5, True), (D + 1, False)], False),
        # changed, switched off or paused before it is due, or afterwards
        ([(D - 60, True), (LIMIT - 60, True)], [], False),
        ([(D - 60, True), (LIMIT - 60, False)], [], False),
        ([(D - 60, True), (LIMIT + 60, False)], [], True),
        ([(D - 60, True), (LIMIT + 60, True)], [], True),
        ([(D - 60, True)], [(LIMIT - 60, True)], False),
        ([(D - 60, True)], [(D + 60, True), (D + 120, False)], False),
        ([(D - 60, True)], [(LIMIT + 60, True)], True),
        # never active, paused all the time
        ([], [], False),
        ([(D - 60, True)], [(0, True)], False),
    ],
)
def test_a_time_counts_if_it_is_not_before_since(
    active: list[tuple[int, bool]], paused: list[tuple[int, bool]], found: bool
) -> None:
    # Earlier times, if there are any, are kept.
    daily = schedule(DAY, 0, *(active or [(0, False)]))
    runs = ends(*[(DONE, day * DAY + 60) for day in range(10)])
    history = happening(runs, deployment(daily, paused=paused), end=D + 2 * HOUR)
    expected = [("no-success", "d", LIMIT, None)] if found else []
    assert incidents(history) == expected


@pytest.mark.parametrize("paused", [[], [(LATER + 60, True)]])
def test_pausing_or_switching_off_resolves_nothing(
    paused: list[tuple[int, bool]],
) -> None:
    runs = ends((DONE, 15 * DAY))
    history = happening(runs, deployment(DAILY, paused=paused))
    assert incidents(history) == [("no-success", "d", LATER, 15 * DAY)]


# One incident for each subject


def test_a_third_failure_opens_nothing_while_no_success_is_open() -> None:
    rows = [(FAILED, D + n * HOUR) for n in range(1, 7)] + [(DONE, D + 9 * HOUR)]
    history = happening(ends(*rows), deployment(DAILY))
    assert incidents(history) == [("no-success", "d", LATER, D + 9 * HOUR)]


def test_a_missing_success_opens_nothing_while_repeated_failure_is_open() -> None:
    rows = [(FAILED, D + n * 600) for n in range(1, 4)] + [(DONE, D + 9 * HOUR)]
    history = happening(ends(*rows), deployment(DAILY))
    assert incidents(history) == [("repeated-failure", "d", D + 1800, D + 9 * HOUR)]


def test_after_a_success_only_later_reasons_open_an_incident() -> None:
    # Three failures, a success, and two: they are not the third and more of a row.
    rows = [(FAILED, 1), (FAILED, 2), (FAILED, 3), (DONE, 4), (FAILED, 5), (FAILED, 6)]
    runs = ends(*[(name, day * DAY) for name, day in rows])
    history = happening(runs, deployment(schedule(DAY, HOUR, (4 * DAY, True))))
    assert incidents(history) == [
        ("repeated-failure", "d", 3 * DAY, 4 * DAY),
        ("no-success", "d", 4 * DAY + 2 * HOUR, None),
    ]
