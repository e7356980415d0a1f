"""Whether a load's number of rows is unusual."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from utils.promises.usual_rows import PastLoad, usual_rows

MONDAY = datetime(2026, 11, 30, 6, tzinfo=UTC)


def past(*rows: int, every: timedelta = timedelta(days=1)) -> list[PastLoad]:
    """Return the loads before Monday."""
    times = range(len(rows), 0, -1)
    return [PastLoad(MONDAY - n * every, each) for n, each in zip(times, rows)]


# Five weeks that end with a Sunday: on weekdays 100 rows, on Saturdays 20, on Sundays none.
WEEKS = [100, 101, 99, 100, 100, 20, 0] * 5


@pytest.mark.parametrize(
    "rows, usual",
    [(100, None), (90, None), (115, None), (50, 100), (200, 100), (0, 100)],
)
def test_a_load_is_compared_with_its_weekdays(rows, usual):
    assert usual_rows(PastLoad(MONDAY, rows), past(*WEEKS)) == usual


def test_an_empty_weekday_is_usually_empty():
    sunday = MONDAY - timedelta(days=1)
    before = past(*WEEKS)[:-1]
    assert usual_rows(PastLoad(sunday, 0), before) is None
    assert usual_rows(PastLoad(sunday, 100), before) == 0


@pytest.mark.parametrize("weeks", [1, 2, 3])
def test_less_than_three_weekdays_are_too_few(weeks):
    before = past(*[100] * 7 * weeks)
    # the first load of all comes after no other one
    enough = weeks > 3
    assert (usual_rows(PastLoad(MONDAY, 10), before) is not None) is enough


def test_a_table_whose_loads_differ_much_may_differ_much():
    rows = [100, 180, 60, 140, 80, 120, 95, 150, 70, 110] * 4
    assert usual_rows(PastLoad(MONDAY, 60), past(*rows)) is None
    assert usual_rows(PastLoad(MONDAY, 2_000), past(*rows)) is not None


@pytest.mark.parametrize("hours", [1, 11, 37, 72])
def test_a_load_at_another_distance_is_not_judged(hours):
    *before, last = past(*WEEKS)
    moved = PastLoad(MONDAY - timedelta(hours=hours), last.rows)
    kept = [each for each in before if each.at < moved.at]
    assert usual_rows(PastLoad(MONDAY, 1), [*kept, moved]) is None


def test_runs_by_hand_do_not_count_among_the_usual_ones():
    by_hand = [
        PastLoad(each.at + timedelta(minutes=5), 0) for each in past(*WEEKS)[:-1]
    ]
    both = sorted([*past(*WEEKS), *by_hand], key=lambda each: each.at)
    assert usual_rows(PastLoad(MONDAY, 100), both) is None
    assert usual_rows(PastLoad(MONDAY, 40), both) == 100


def test_a_replacement_is_compared_with_replacements():
    everything = PastLoad(MONDAY, 10_000, replaced=True)
    assert usual_rows(everything, past(*WEEKS)) is None
    replaced = [PastLoad(each.at, each.rows, replaced=True) for each in past(*WEEKS)]
    assert usual_rows(everything, replaced) == 100


def test_old_loads_are_forgotten():
    old = [PastLoad(each.at - timedelta(weeks=9), each.rows) for each in past(*WEEKS)]
    assert usual_rows(PastLoad(MONDAY, 1), old) is None


def test_the_first_load_is_not_judged():
    assert usual_rows(PastLoad(MONDAY, 1), []) is None
