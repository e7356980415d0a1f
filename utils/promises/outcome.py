"""Promises of a table after a load. Knows nothing of dlt, because `watch` reads it, too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Outcome:
    """Promises of a table after a load."""

    newest: datetime | None
    """Newest value of the cursor that was ever loaded, None without cursor or value."""
    longest_age: timedelta | None
    """Age that the newest value does not reach, None if nothing is promised of it."""
    set_aside: int
    """Rows of the load that were set aside."""
    broken: tuple[str, ...]
    """Broken promises in words."""

    def is_fresh(self, at: datetime) -> bool | None:
        """Return whether the newest value is as new as promised, None if nothing is."""
        if self.longest_age is None or self.newest is None:
            return None
        return at - self.newest < self.longest_age


def age(length: timedelta) -> str:
    """Return an age in days or hours."""
    hours = length.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
