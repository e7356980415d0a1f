"""Outages, and what the oracle lets be told when they are over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.utils.watch.hand_written import (
    ROW,
    deployment,
    ends,
    happening,
    opened,
    pool,
    row_and_success,
    run,
    schedule,
    table,
    told,
    usual,
)
from tests.utils.watch.history_form import DAY, HOUR, MINUTE

SIX = 6 * DAY


def test_a_failure_is_told_when_all_is_up_again() -> None:
    history = happening(ends(("Failed", 1000)), down=[(900, 5000)])
    assert opened(history) == [("run-failed", "d1", 5000)]


def test_what_is_due_exactly_when_an_outage_begins_or_stops() -> None:
    history = happening(ends(("Failed", 1000)), down=[(1000, 5000)])
    assert opened(history) == [("run-failed", "d1", 5000)]
    history = happening(ends(("Failed", 5000)), down=[(1000, 5000)])
    assert opened(history) == [("run-failed", "d1", 5000)]


def test_outages_that_follow_each_other_are_one() -> None:
    down = [(900, 2000), (1500, 3000), (3000, 4000)]
    history = happening(ends(("Failed", 1000)), down=down)
    assert opened(history) == [("run-failed", "d1", 4000)]


def test_a_failure_that_was_recovered_meanwhile_is_told_late() -> None:
    rows = [("Failed", 1000), ("Completed", 2000), ("Failed", 9000)]
    assert opened(happening(ends(*rows), down=[(900, 5000)])) == [
        ("recovered", "d2", 5000),
        ("run-failed", "d1", 5000),
        ("run-failed", "d3", 9000),
    ]


def test_a_recovery_is_not_told_after_a_failure() -> None:
    rows = [("Failed", 1000), ("Completed", 2000), ("Failed", 3000)]
    history = happening(ends(*rows), down=[(900, 5000)])
    assert opened(history) == [("run-failed", "d1", 5000), ("run-failed", "d3", 5000)]


def test_of_two_recoveries_the_last_is_told_late() -> None:
    rows = [("Failed", 1), ("Completed", 2), ("Failed", 3), ("Completed", 4)]
    runs = ends(*[(name, hour * HOUR) for name, hour in rows])
    history = happening(runs, down=[(100, 9 * HOUR)])
    assert opened(history, "recovered") == [("recovered", "d4", 9 * HOUR)]


@pytest.mark.parametrize(
    "states, kind, due, stop",
    [
        ("Scheduled 0, Pending 1000, Running {0}", "stuck-pending", 1900, 8000),
        ("Scheduled 1000, Late 1016, Pending {0}, Running 9900", "late", 1900, 8000),
        ("Running 1000, Failed {0}", "running-long", 1000 + 901 + 300, 8000),
    ],
)
def test_what_holds_still_is_told_late_and_nothing_else(
    states: str, kind: str, due: int, stop: int
) -> None:
    # After the runs that make a usual duration.
    shift = 5 * DAY
    one = run("r", states.format(stop))
    then = tuple(state._replace(time=state.time + shift) for state in one.states)
    moved = replace(one, expected=one.expected + shift, states=then)
    runs = [*usual(100, 100, 100), moved]
    for down, told_at in [
        ((due + 60, 9000), due),
        ((500, due - 60), due),
        ((500, 5000), 5000),
        ((500, stop - 60), stop - 60),
        ((500, stop), None),
        ((500, 9000), None),
    ]:
        history = happening(runs, down=[(down[0] + shift, down[1] + shift)])
        expected = [] if told_at is None else [(kind, "r", told_at + shift)]
        assert opened(history, kind) == expected


def test_a_long_run_that_waits_for_its_retry_is_told_when_it_runs_again() -> None:
    begins = 5 * DAY
    states = (
        f"Running {begins}, AwaitingRetry {begins + 3000}, Retrying {begins + 6000}"
    )
    runs = [*usual(100, 100, 100), run("r", states)]
    history = happening(runs, down=[(begins + 100, begins + 4000)])
    assert opened(history) == [("running-long", "r", begins + 6000)]


@pytest.mark.parametrize("up, told_late", [(SIX - 60, True), (SIX + 60, False)])
def test_no_message_is_told_more_than_six_days_late(up: int, told_late: bool) -> None:
    history = happening(ends(("Failed", 1000)), down=[(900, 1000 + up)])
    expected = [("run-failed", "d1", 1000 + up)] if told_late else []
    assert opened(history) == expected


def test_a_run_that_is_pending_for_a_week_is_not_told_after_six_days() -> None:
    runs = [run("r", "Pending 1000")]
    assert told(happening(runs, down=[(900, 8 * DAY)])) == []


# Incidents after an outage


@pytest.mark.parametrize(
    "success, down, found",
    [
        (9000, (2500, 5000), [(5000, 9000)]),
        (9000, (2500, 9000), []),
        (9000, (2500, 9999), []),
        (9000, (4000, 5000), [(3000, 9000)]),
        (9000, (4000, 12000), [(3000, 12000)]),
        (9000, (3000, 8940), [(8940, 9000)]),
    ],
)
def test_an_incident_is_told_late_if_it_is_not_over(
    success: int, down: tuple[int, int], found: list[tuple[int, int | None]]
) -> None:
    history = row_and_success(success, down=[down])
    expected = [("repeated-failure", "d", *times) for times in found]
    assert told(history, "repeated-failure") == expected


def test_an_incident_whose_end_can_not_be_told_is_open() -> None:
    history = row_and_success(9000, down=[(8000, 10000)])
    later = row_and_success(9000, down=[(8000, 10000)], end=9500)
    assert told(history, "repeated-failure")[0][3] == 10000
    assert told(later, "repeated-failure") == [("repeated-failure", "d", 3000, None)]


def test_what_can_not_be_told_until_the_end_is_not_due() -> None:
    history = row_and_success(9000, down=[(500, 12000)], end=9500)
    assert told(history) == []


def test_one_incident_over_and_the_next_one_open_while_all_is_down() -> None:
    rows = [*ROW, ("Completed", 4000), ("Failed", 5000), ("Failed", 6000)]
    runs = ends(*rows, ("Failed", 7000))
    assert told(happening(runs, down=[(3500, 9000)]), "repeated-failure") == [
        ("repeated-failure", "d", 3000, 9000),
        ("repeated-failure", "d", 9000, None),
    ]


def test_the_earlier_of_two_reasons_is_told_after_an_outage() -> None:
    daily = deployment(schedule(DAY, DAY, (60, True)))
    times = [DAY + n * 40 * MINUTE for n in (1, 2, 3)]
    runs = ends(*[("Failed", time) for time in times])
    down = [(DAY + 600, DAY + 5 * HOUR)]
    history = happening(runs, daily, down=down, end=2 * DAY)
    assert told(history, "no-success", "repeated-failure") == [
        ("no-success", "d", DAY + 5 * HOUR, None)
    ]


def test_an_incident_that_is_not_over_is_opened_even_after_six_days() -> None:
    history = happening(tables=[table(3600, (100, 50))], down=[(60, 9 * DAY)])
    assert told(history) == [("stale-table", "t", 9 * DAY, None)]


def test_stale_tables_and_pools_are_told_late_too() -> None:
    pools = [pool((1000, "NOT_READY"), (9000, "READY"))]
    tables = [table(3600, (100, 50), (8000, 7900), (11000, 10900))]
    history = happening(tables=tables, pools=pools, down=[(500, 5000)], end=12000)
    assert told(history) == [
        ("no-worker", "p", 5000, 9000),
        ("stale-table", "t", 5000, 8000),
    ]
    history = happening(tables=tables, pools=pools, down=[(500, 9500)], end=12000)
    assert told(history) == []
