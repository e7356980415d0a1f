"""Phrases of reports and messages: numbers with their word, times, lengths of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def counted(number: int, word: str) -> str:
    """Return a number with its word: `1 table`, `1,200 tables`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """Return the ordinal of a number: `22nd`."""
    is_teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if is_teen else ENDINGS.get(number % 10, 'th')}"


def to_the_minute(at: datetime) -> str:
    """Return a time in UTC: `2026-11-28 06:00`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def duration(length: timedelta) -> str:
    """Return a length of time to the minute: `1 day 2 hours`, `3 hours 5 minutes`."""
    minutes = round(length.total_seconds() / 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{counted(days, 'day')} {counted(hours, 'hour')}"
    if minutes >= 60:
        return f"{counted(hours, 'hour')} {counted(minutes % 60, 'minute')}"
    return counted(minutes, "minute")
