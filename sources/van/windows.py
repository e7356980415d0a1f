"""Which of VAN's events are read next: windows of their days, so that reading can go on where it stopped.

VAN cannot be asked what has changed. So what began long ago is read once, and a round of
windows that a run makes begins `days_read_again` ago and ends with all events to come. How
far it came is kept in the state of the resource, which the destination gets together with
the window's rows: an interrupted round is continued on the same day, the next day begins a
new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Iterable, Iterator, Mapping, MutableMapping

from utils.errors.http import as_documented

Event = dict[str, Any]

# In the state of a resource: the day before which all events were read for good, ...
SETTLED = "settled"
# ... and where an unfinished round is.
ROUND = "round"


@dataclass(frozen=True)
class Window:
    """Events by the day on which they begin."""

    first: date
    end: date | None
    """The day after the last one; None if all later events belong to it."""

    def __str__(self) -> str:
        until = f"before {self.end}" if self.end else "on"
        return f"from {self.first} {until}"

    def of(self, events: Iterable[Event]) -> Iterator[Event]:
        """Those of the events that belong to the window."""
        for event in events:
            with as_documented("van", f"event {event.get('eventId')}"):
                day = date.fromisoformat(event["startDate"][:10])
            if self.first <= day and (self.end is None or day < self.end):
                yield event


@dataclass(frozen=True)
class Windows:
    """The windows that a run reads."""

    today: date
    since: date | None
    """Begin here, if more than `days_read_again` are to be read again."""
    first_day: date
    """Where the very first round begins."""
    days_read_again: int
    days_per_load: int

    def next(self, state: Mapping[str, Any]) -> Window:
        """The window to be read now."""
        current = state.get(ROUND, {})
        if (current.get("day"), current.get("since")) == (self.today, self.since):
            first = current["next"]
        else:
            settled = state.get(SETTLED, self.first_day)
            first = min(settled, self.since or settled)
        end = first + timedelta(days=self.days_per_load)
        return Window(first, end if end <= self.today else None)

    def note(self, window: Window, state: MutableMapping[str, Any]) -> None:
        """Keep in the state that the window was read."""
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
    """Whether windows of the round are left to be read."""
    return ROUND in state
