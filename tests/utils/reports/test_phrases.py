"""Phrases of reports and messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from utils.reports.phrases import counted, duration, ordinal, to_the_minute


def test_numbers_with_their_word():
    assert [counted(n, "row") for n in (0, 1, 2, 1200)] == [
        *("0 rows", "1 row", "2 rows", "1,200 rows"),
    ]


def test_ordinals():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 111, 123)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd"),
        *("111th", "123rd"),
    ]


def test_times_are_in_utc():
    east = timezone(timedelta(hours=2))
    assert to_the_minute(datetime(2026, 11, 28, 1, 59, 59, tzinfo=east)) == (
        "2026-11-27 23:59"
    )
    assert to_the_minute(datetime(2026, 11, 28, tzinfo=UTC)) == "2026-11-28 00:00"


@pytest.mark.parametrize(
    "length, words",
    [
        (timedelta(seconds=29), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=185), "3 hours 5 minutes"),
        (timedelta(days=1, hours=2, minutes=3), "1 day 2 hours"),
    ],
)
def test_lengths_of_time(length, words):
    assert duration(length) == words
