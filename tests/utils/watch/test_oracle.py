"""Messages that the oracle finds in histories written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.utils.watch.hand_written import WATCHED, ends, happening, opened, run, told
from tests.utils.watch.history_form import HOUR, MINUTE

LATE_AT = 1000 + 15 * MINUTE


def test_nothing_happens() -> None:
    assert told(happening()) == []


@pytest.mark.parametrize("end", ["Failed", "Crashed", "TimedOut"])
def test_each_failure_is_told(end: str) -> None:
    history = happening([run("r", f"Scheduled 0, Pending 5, Running 9, {end} 60")])
    assert told(history) == [("run-failed", "r", 60, None)]


@pytest.mark.parametrize("end", ["Completed", "Cancelled"])
def test_neither_a_success_nor_a_cancelled_run_is_told(end: str) -> None:
    assert told(happening([run("r", f"Pending 5, Running 9, {end} 60")])) == []


def test_a_crash_before_running_is_a_failure() -> None:
    history = happening([run("r", "Scheduled 0, Pending 5, Crashed 60")])
    assert told(history) == [("run-failed", "r", 60, None)]


@pytest.mark.parametrize("tags", [(), ("alert",), ("Alerts", "no-alerts")])
def test_deployments_without_the_tag_do_not_exist(tags: tuple[str, ...]) -> None:
    runs = ends(("Failed", 100), ("Failed", 200), ("Failed", 300), ("Completed", 400))
    stuck = run("stuck", "Scheduled 500, Pending 600", expected=500)
    assert told(happening([*runs, stuck], replace(WATCHED, tags=tags))) == []


def test_runs_of_other_deployments_do_not_mix() -> None:
    other = replace(WATCHED, id="e")
    runs = ends(("Failed", 100)) + ends(("Completed", 200), deployment="e")
    assert opened(happening(runs, WATCHED, other)) == [("run-failed", "d1", 100)]


def test_two_deployments_fail_at_once() -> None:
    other = replace(WATCHED, id="e")
    runs = ends(("Failed", 100)) + ends(("Failed", 100), deployment="e")
    assert opened(happening(runs, WATCHED, other)) == [
        ("run-failed", "d1", 100),
        ("run-failed", "e1", 100),
    ]


def test_a_flows_own_retry_is_no_end() -> None:
    states = "Running 10, AwaitingRetry 20, Retrying 80, Completed 90"
    assert told(happening([run("r", states)])) == []


def test_a_run_that_is_started_again_ends_twice() -> None:
    again = "AwaitingRetry 100, Running 120"
    history = happening([run("r", f"Running 10, Failed 60, {again}, Crashed 160")])
    assert opened(history) == [("run-failed", "r", 60), ("run-failed", "r", 160)]


def test_a_run_that_is_started_again_recovers_by_itself() -> None:
    again = "AwaitingRetry 100, Running 120"
    history = happening([run("r", f"Running 10, Failed 60, {again}, Completed 160")])
    assert opened(history) == [("run-failed", "r", 60), ("recovered", "r", 160)]


# Recovered


def test_the_first_success_after_failures_is_a_recovery() -> None:
    rows = [("Failed", 100), ("Failed", 200), ("Completed", 300), ("Completed", 400)]
    assert opened(happening(ends(*rows)), "recovered") == [("recovered", "d3", 300)]


def test_a_first_success_is_no_recovery() -> None:
    assert told(happening(ends(("Completed", 100)))) == []


def test_a_cancelled_run_between_failure_and_success_is_left_out() -> None:
    rows = [("Failed", 100), ("Cancelled", 200), ("Completed", 300)]
    assert opened(happening(ends(*rows)), "recovered") == [("recovered", "d3", 300)]


def test_the_previous_end_is_by_time_of_its_end() -> None:
    long = run("long", "Running 10, Failed 250")
    history = happening([*ends(("Failed", 100), ("Completed", 200)), long])
    assert opened(history) == [
        ("run-failed", "d1", 100),
        ("recovered", "d2", 200),
        ("run-failed", "long", 250),
    ]


def test_a_failure_right_after_a_recovery_is_told_and_recovers_again() -> None:
    rows = [("Failed", 1), ("Completed", 2), ("Failed", 3), ("Completed", 4)]
    assert opened(happening(ends(*[(name, time * HOUR) for name, time in rows]))) == [
        ("run-failed", "d1", HOUR),
        ("recovered", "d2", 2 * HOUR),
        ("run-failed", "d3", 3 * HOUR),
        ("recovered", "d4", 4 * HOUR),
    ]


# Stuck


@pytest.mark.parametrize(
    "states, due",
    [
        (f"Pending 10, Running {10 + 14 * MINUTE}", []),
        (f"Pending 10, Running {10 + 15 * MINUTE}", []),
        (f"Pending 10, Running {10 + 16 * MINUTE}", [10 + 15 * MINUTE]),
        ("Pending 10", [10 + 15 * MINUTE]),
        # another name of the same type
        ("Pending 10, InfrastructurePending 400, Running 1000", [910]),
        # two stretches
        ("Pending 10, Scheduled 600, Pending 1300, Running 1900", []),
        ("Pending 10, Scheduled 600, Pending 1300, Running 2300", [2200]),
        ("Pending 10, Scheduled 1000, Pending 1300, Running 2300", [910, 2200]),
        # after it was started again
        ("Running 10, Completed 60, AwaitingRetry 80, Pending 100", [1000]),
    ],
)
def test_a_run_that_is_pending_for_15_minutes_is_told(
    states: str, due: list[int]
) -> None:
    history = happening([run("r", f"Scheduled 0, {states}")])
    assert opened(history, "stuck-pending") == [("stuck-pending", "r", x) for x in due]


# Late


@pytest.mark.parametrize(
    "states, due",
    [
        (f"Scheduled 0, Pending {1000 + 14 * MINUTE}", []),
        (f"Scheduled 0, Late 1016, Pending {1000 + 14 * MINUTE}", []),
        (f"Scheduled 0, Pending {1000 + 16 * MINUTE}", [LATE_AT]),
        (f"Scheduled 0, Late 1016, Pending {1000 + 16 * MINUTE}", [LATE_AT]),
        ("Scheduled 0, Late 1016, Cancelled 9000", [LATE_AT]),
        ("Scheduled 0", [LATE_AT]),
        # made when it was late already
        ("Scheduled 5000, Pending 5100", [5000]),
        # waits for a slot
        ("Scheduled 0, AwaitingConcurrencySlot 1010, Pending 9000", []),
        ("Scheduled 0, AwaitingConcurrencySlot 1010, Late 5000, Pending 9000", [5000]),
        ("Scheduled 0, AwaitingConcurrencySlot 1010, Late 1500, Pending 9000", [1900]),
        ("Scheduled 0, Late 1016, AwaitingConcurrencySlot 4000, Late 5000", [1900]),
        # not scheduled without interruption
        ("Scheduled 0, Pending 1005, Scheduled 1100, Pending 9000", []),
        ("Pending 990, Scheduled 1100, Pending 9000", []),
        ("Running 1010, Failed 1020, AwaitingRetry 1100, Running 9000", []),
    ],
)
def test_a_run_that_does_not_start_is_late(states: str, due: list[int]) -> None:
    history = happening([run("r", states, expected=1000)])
    assert opened(history, "late") == [("late", "r", x) for x in due]
