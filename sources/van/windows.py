"""Windows of days, in which VAN's events are read.

VAN does not tell what has changed. So events that began long ago are read once, and each
run reads a round of windows, from `days_read_again` ago to all events to come. The state of
the resource tells how far a round came. The destination gets it together with the window's
rows: an interrupted round is continued on the same day, the next day begins a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Iterable, Iterator, Mapping, MutableMapping

from utils.errors.http import as_documented

Event = dict[str, Any]

# Keys in the state of a resource: the day before which all events were read for good ...
SETTLED = "settled"
# ... and the place of an unfinished round.
ROUND = "round"


@dataclass(frozen=True)
class Window:
    """A range of days on which events begin."""

    first: date
    end: date | None
    """The day after the last one, None if all later events belong to the window."""

    def __str__(self) -> str:
        until = f"before {self.end}" if self.end else "on"
        return f"from {self.first} {until}"

    def of(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the events that belong to the window.

        Raises:
            ApiError: An event has no day on which it begins.
        """
        for event in events:
            with as_documented("van", f"event {event.get('eventId')}"):
                day = date.fromisoformat(event["startDate"][:10])
            if self.first <= day and (self.end is None or day < self.end):
                yield event


@dataclass(frozen=True)
class Windows:
    """The round of windows that a run reads."""

    today: date
    since: date | None
    """Day where to begin, if more than `days_read_again` are to be read again."""
    first_day: date
    """Day where the very first round begins."""
    days_read_again: int
    days_per_load: int

    def next(self, state: Mapping[str, Any]) -> Window:
        """Return the window to read now."""
        current = state.get(ROUND, {})
        if (current.get("day"), current.get("since")) == (self.today, self.since):
            first = current["next"]
        else:
            settled = state.get(SETTLED, self.first_day)
            first = min(settled, self.since or settled)
        end = first + timedelta(days=self.days_per_load)
        return Window(first, end if end <= self.today else None)

    def note(self, window: Window, state: MutableMapping[str, Any]) -> None:
        """Note in the state that the window was read."""
        read_again = self.today - timedelta(days=self.days_read_again)
        settled = min(window.end or read_again, read_again)
        state[SETTLED] = max(settled, state.get(SETTLED, self.first_day))
        if window.end is None:
            state.pop(ROUND, None)
        else:
            state[ROUND] = {
                "day": self.today,
                "since": self.since,
                "next": window.end,
            }


def is_unfinished(state: Mapping[str, Any]) -> bool:
    """Return whether windows of the round are left to read."""
    return ROUND in state
