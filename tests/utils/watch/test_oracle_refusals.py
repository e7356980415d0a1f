"""Places that refuse, and what the oracle lets them be told later."""

from __future__ import annotations

import pytest

from tests.utils.watch.hand_written import (
    ROW,
    ends,
    happening,
    opened,
    row_and_success,
    run,
    told,
)
from tests.utils.watch.history_form import DAY, HOUR

SIX = 6 * DAY


def test_a_refused_message_is_not_sent_after_its_reason_has_passed() -> None:
    runs = [run("r", "Scheduled 0, Pending 10, Running 2000, Completed 2100")]
    assert told(happening(runs, messages=[(500, 9000)])) == []
    history = happening(runs, messages=[(500, 1500)])
    assert told(history) == [("stuck-pending", "r", 1500, None)]


def test_a_message_that_nobody_could_send_in_time_is_not_sent_after_a_refusal() -> None:
    runs = [run("r", "Scheduled 0, Pending 10, Running 2000, Completed 2100")]
    history = happening(runs, messages=[(500, 9000)], down=[(800, 5000)])
    assert told(history) == []


@pytest.mark.parametrize("hours, accepted", [(-1, True), (1, False)])
def test_a_message_is_sent_again_for_six_days(hours: int, accepted: bool) -> None:
    stop = 1000 + SIX + hours * HOUR
    history = happening(ends(("Failed", 1000)), messages=[(500, stop)])
    assert told(history) == ([("run-failed", "d1", stop, None)] if accepted else [])


def test_places_refuse_each_for_itself() -> None:
    runs = ends(*ROW)
    history = happening(runs, messages=[(500, 9000)])
    assert told(history, "repeated-failure") == [("repeated-failure", "d", 3000, None)]
    history = happening(runs, incidents=[(500, 9000)])
    assert opened(history, "run-failed")[0] == ("run-failed", "d1", 1000)


@pytest.mark.parametrize(
    "refused, found",
    [
        ((2500, 5000), [(5000, 9000)]),
        ((2500, 9000), []),
        ((2500, 9999), []),
        ((4000, 12000), [(3000, 12000)]),
    ],
)
def test_a_refused_opening_is_accepted_later_unless_it_is_over(
    refused: tuple[int, int], found: list[tuple[int, int | None]]
) -> None:
    history = row_and_success(9000, incidents=[refused])
    expected = [("repeated-failure", "d", *times) for times in found]
    assert told(history, "repeated-failure") == expected


def test_a_refused_opening_that_is_over_while_all_is_down_is_not_sent() -> None:
    history = row_and_success(9000, incidents=[(2500, 7000)], down=[(6000, 9999)])
    assert told(history, "repeated-failure") == []


@pytest.mark.parametrize("hours, accepted", [(-1, True), (1, False)])
def test_an_opening_is_sent_again_for_six_days(hours: int, accepted: bool) -> None:
    stop = 3000 + SIX + hours * HOUR
    history = row_and_success(20 * DAY, incidents=[(2500, stop)])
    expected = [("repeated-failure", "d", stop, 20 * DAY)] if accepted else []
    assert told(history, "repeated-failure") == expected


def test_a_resolution_is_sent_again_without_a_limit() -> None:
    history = row_and_success(9000, incidents=[(8000, 20 * DAY)])
    assert told(history, "repeated-failure") == [
        ("repeated-failure", "d", 3000, 20 * DAY)
    ]
