"""Ranges of days."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from utils.backfill.days import MOST_DAYS, UnusableRange, days_of

LEAP_DAY = date(2024, 2, 29)


def test_both_ends_are_included():
    days = days_of(date(2024, 2, 28), date(2024, 3, 1))
    assert days == [date(2024, 2, 28), LEAP_DAY, date(2024, 3, 1)]
    assert days_of(LEAP_DAY, LEAP_DAY) == [LEAP_DAY]


def test_a_reversed_range_is_refused():
    with pytest.raises(UnusableRange, match="2024-02-28 is before first_day 2024-02-"):
        days_of(LEAP_DAY, LEAP_DAY - timedelta(days=1))


def test_the_last_day_must_be_over():
    """A run of today would be taken for done, and its rest stay missing."""
    today = datetime.now(timezone.utc).date()
    yesterday = today - timedelta(days=1)
    assert days_of(yesterday, yesterday) == [yesterday]
    with pytest.raises(UnusableRange, match=f"{today} is not over .* {yesterday} at"):
        days_of(yesterday, today)


def test_a_range_of_more_than_a_century_is_refused():
    last_day = date(2026, 1, 1)
    first_day = last_day - timedelta(days=MOST_DAYS - 1)
    assert len(days_of(first_day, last_day)) == MOST_DAYS
    with pytest.raises(UnusableRange, match="are 36,526 days. Take a later first_day"):
        days_of(first_day - timedelta(days=1), last_day)
