"""Ranges of days that are over."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from utils.errors import ClearError

MOST_DAYS = 36_525  # a hundred years


class UnusableRange(ClearError):
    """The two days are not the first and the last of a range that is over."""


def days_of(first_day: date, last_day: date) -> list[date]:
    """Return the days of a range, its last day included.

    Raises:
        UnusableRange: The range is reversed, too long, or its last day is not over in
            UTC.
    """
    if last_day < first_day:
        raise UnusableRange(f"last_day {last_day} is before first_day {first_day}.")
    today = datetime.now(timezone.utc).date()
    if last_day >= today:
        # A day that was loaded is not loaded again: the rest of it would stay missing.
        raise UnusableRange(
            f"last_day {last_day} is not over yet in UTC. Take"
            f" {today - timedelta(days=1)} at the latest."
        )
    number_of_days = (last_day - first_day).days + 1
    if number_of_days > MOST_DAYS:
        raise UnusableRange(
            f"{first_day} to {last_day} are {number_of_days:,} days. Take a later first_day:"
            f" a range has {MOST_DAYS:,} days at most, a hundred years."
        )
    numbers = range(number_of_days)
    return [first_day + timedelta(days=number) for number in numbers]
