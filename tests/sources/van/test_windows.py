"""Windows of events: no day is left out, none is read for good too early."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sources.van.windows import Window, Windows, is_unfinished

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
WINDOWS = Windows(
    today=TODAY,
    since=None,
    first_day=date(2026, 8, 1),
    days_read_again=30,
    days_per_load=40,
)
FIRST_ROUND = [
    Window(date(2026, 8, 1), date(2026, 9, 10)),
    Window(date(2026, 9, 10), date(2026, 10, 20)),
    Window(date(2026, 10, 20), None),
]


def read(windows: Windows, state: dict, loads: int = 99) -> list[Window]:
    """The windows of one run, which is interrupted after so many loads."""
    found = []
    while len(found) < loads:
        found.append(windows.next(state))
        windows.note(found[-1], state)
        if not is_unfinished(state):
            break
    return found


def test_a_round_has_every_day_once_and_ends_with_all_to_come():
    state = {}
    assert read(WINDOWS, state) == FIRST_ROUND
    assert not is_unfinished(state)


def test_the_next_round_begins_with_what_was_not_old_enough():
    state = {}
    read(WINDOWS, state)
    tomorrow = replace(WINDOWS, today=TODAY + DAY)
    assert read(tomorrow, state) == [Window(TODAY - 30 * DAY, None)]
    assert read(tomorrow, state) == [Window(TODAY - 29 * DAY, None)]


@pytest.mark.parametrize("loads", [1, 2])
def test_an_interrupted_round_goes_on_the_same_day(loads):
    state = {}
    read(WINDOWS, state, loads)
    assert is_unfinished(state)
    assert read(WINDOWS, state) == FIRST_ROUND[loads:]


def test_the_next_day_goes_on_with_old_windows_and_reads_young_ones_again():
    state = {}
    finer = replace(WINDOWS, days_per_load=10)
    read(finer, state, loads=10)
    assert finer.next(state).first == date(2026, 11, 9)
    tomorrow = replace(finer, today=TODAY + DAY)
    assert tomorrow.next(state).first == TODAY - 30 * DAY


def test_a_pause_longer_than_what_is_read_again_leaves_no_hole():
    state = {}
    read(WINDOWS, state)
    later = replace(WINDOWS, today=TODAY + 90 * DAY)
    assert later.next(state).first == TODAY - 30 * DAY


def test_since_begins_there_once_and_loses_nothing():
    state = {}
    read(WINDOWS, state)
    again = replace(WINDOWS, since=date(2026, 9, 1))
    assert read(again, state, loads=1)[0].first == date(2026, 9, 1)
    assert [window.first for window in read(again, state)] == [
        date(2026, 10, 11),
        date(2026, 11, 20),
    ]
    assert WINDOWS.next(state).first == TODAY - 30 * DAY


def test_since_does_not_jump_over_what_was_never_read():
    late = replace(WINDOWS, since=TODAY)
    assert late.next({}).first == WINDOWS.first_day


def test_an_event_belongs_to_the_window_of_its_day_where_it_takes_place():
    window = Window(date(2026, 6, 1), date(2026, 6, 3))
    days = ["2026-05-31T23:59:59-10:00", "2026-06-01T00:00:00+14:00"]
    days += ["2026-06-02T23:59:59-10:00", "2026-06-03T00:00:00+14:00"]
    events = [{"startDate": day} for day in days]
    assert list(window.of(events)) == events[1:3]
    assert list(replace(window, end=None).of(events)) == events[1:]


def test_a_window_may_end_today_and_the_next_one_has_what_is_left():
    state = {}
    even = replace(WINDOWS, first_day=TODAY - 40 * DAY)
    assert read(even, state) == [Window(TODAY - 40 * DAY, TODAY), Window(TODAY, None)]
