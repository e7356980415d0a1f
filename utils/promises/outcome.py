"""Promises of a table after a load. Knows nothing of dlt, because `watch` reads it, too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from utils.errors import ClearError


class PromiseBroken(ClearError):
    """Rows break a promise of their table, or it cannot be checked."""


@dataclass(frozen=True)
class Outcome:
    """Promises of a table, and what a load has kept of them."""

    newest: datetime | None
    """Newest value of the cursor that was ever loaded, None without cursor or value."""
    longest_age: timedelta | None
    """Age that the newest value does not reach, None if nothing is promised of it."""
    set_aside: int
    """Rows of the load that were set aside."""
    broken: tuple[str, ...]
    """Broken promises in words."""


def is_stale(
    newest: datetime | None, longest_age: timedelta | None, at: datetime
) -> bool:
    """Return whether a newest value has become older than promised."""
    if newest is None or longest_age is None:
        return False
    return at - newest >= longest_age


def age(length: timedelta) -> str:
    """Return a promised age in words."""
    minutes = round(length.total_seconds() / 60)
    for size, name in ((24 * 60, "days"), (60, "hours")):
        if minutes >= 2 * size and minutes % size == 0:
            return f"{minutes // size} {name}"
    hours, rest = divmod(minutes, 60)
    if not rest:
        return f"{hours} hours" if hours != 1 else "1 hour"
    return f"{hours} hours {rest} minutes" if hours else f"{rest} minutes"
