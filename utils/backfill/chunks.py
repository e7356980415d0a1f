"""Cuts a range of days into chunks, the same ones each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from utils.backfill.days import days_of


@dataclass(frozen=True)
class Chunk:
    """The days that one run loads, the first and the last included."""

    first_day: date
    last_day: date

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the chunk's run, as in JSON."""
        return {
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
        }

    def __str__(self) -> str:
        if self.first_day == self.last_day:
            return f"{self.first_day}"
        return f"{self.first_day} to {self.last_day}"


def chunks_of(first_day: date, last_day: date, size: int) -> list[Chunk]:
    """Cut a range into chunks from its first day on. The last one may be shorter.

    Args:
        first_day: First day of the range.
        last_day: Last day of the range, included.
        size: Days per chunk.

    Raises:
        UnusableRange: The range is reversed, or its last day is not over.
    """
    days = days_of(first_day, last_day)
    parts = [days[start : start + size] for start in range(0, len(days), size)]
    return [Chunk(part[0], part[-1]) for part in parts]
