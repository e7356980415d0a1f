"""Cuts a range of days into chunks, the same ones each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from utils.errors import ClearError


@dataclass(frozen=True)
class Chunk:
    """Days that one run loads, the first and the last included."""

    first_day: date
    last_day: date

    @property
    def parameters(self) -> dict[str, str]:
        """What the run is given, as JSON has it."""
        return {
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
        }

    def __str__(self) -> str:
        if self.first_day == self.last_day:
            return f"{self.first_day}"
        return f"{self.first_day} to {self.last_day}"


def chunks_of(first_day: date, last_day: date, days: int) -> list[Chunk]:
    """The range in chunks of so many days from its first day on; the last may be shorter.

    Raises:
        ClearError: The range ends before it begins, or its last day is not over.
    """
    if last_day < first_day:
        raise ClearError(f"last_day {last_day} is before first_day {first_day}.")
    today = datetime.now(timezone.utc).date()
    if last_day >= today:
        # What is done is not done again: the rest of the day would stay missing.
        raise ClearError(
            f"last_day {last_day} is not over yet in UTC. Take"
            f" {today - timedelta(days=1)} at the latest."
        )
    starts = range(first_day.toordinal(), last_day.toordinal() + 1, days)
    return [
        Chunk(
            date.fromordinal(start),
            date.fromordinal(min(start + days - 1, last_day.toordinal())),
        )
        for start in starts
    ]
