"""What to send now: alerts that are due, were not sent yet, or were refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Iterable, Iterator, NamedTuple

from utils.watch.history import History
from utils.watch.judge import Incident, Kind, Message, incidents, is_over, messages

FIRST_PAUSE = timedelta(minutes=1)
MOST_DOUBLINGS = 1
REFUSED_FOR = timedelta(minutes=5)
SENT_FOR = timedelta(days=6)
"""How long a letter is sent again that is refused."""
# Prefect keeps events for seven days. An incident that it has forgotten would be opened again.
REMINDER_AFTER = timedelta(days=6)


class Action(StrEnum):
    """Effect of a letter."""

    TELL = "told"
    OPEN = "opened"
    RESOLVE = "resolved"

    @property
    def place(self) -> str:
        """Place that it goes to: for messages, or for incidents."""
        return "messages" if self == Action.TELL else "incidents"


class Key(NamedTuple):
    """Identity that letters of one content have in common."""

    action: Action
    kind: Kind
    subject: str
    due: datetime


@dataclass(frozen=True)
class Sent:
    """Letter that was sent."""

    key: Key
    at: datetime
    attempt: int
    payload: dict[str, Any]
    accepted: bool | None = None
    """Whether its place has taken it, None if that is not known yet."""


@dataclass(frozen=True)
class Letter:
    """Letter to send."""

    key: Key
    alert: Message | Incident | None = None
    """What is due, if it was not sent before."""
    before: Sent | None = None
    """The same letter, sent before; for a resolution the opening."""

    @property
    def attempt(self) -> int:
        """Number of the attempt, from 1."""
        if self.before and self.before.key == self.key:
            return self.before.attempt + 1
        return 1


class Outbox:
    """Letters of the last days, and what to send next."""

    def __init__(self, sent: Iterable[Sent]) -> None:
        self._last: dict[Key, Sent] = {}
        """Last attempt of each letter that was taken, else the last one of all."""
        self._tried: dict[Key, Sent] = {}
        """Last attempt of each letter."""
        self._first: dict[Key, datetime] = {}
        self._refusals: dict[str, list[datetime]] = {}
        for each in sorted(sent, key=lambda each: each.at):
            self._first.setdefault(each.key, each.at)
            self._tried[each.key] = each
            before = self._last.get(each.key)
            if before is None or not before.accepted or each.accepted:
                self._last[each.key] = each
            if each.accepted:
                self._refusals.pop(each.key.action.place, None)
            elif each.accepted is False:
                self._refusals.setdefault(each.key.action.place, []).append(each.at)

    def letters(self, history: History) -> Iterator[Letter]:
        """Yield the letters to send, those that were due first ahead.

        A place that has refused the last letter gets each new one once, and of those that
        it has refused one at a time, until it takes one.
        """
        due = [
            *self._messages(history),
            *self._incidents(history),
            *self._refusing(history),
        ]
        tried = set()
        for letter in sorted(due, key=lambda each: each.key.due):
            place = letter.key.action.place
            if letter.attempt == 1 or not self._refusals.get(place):
                yield letter
            elif place not in tried and self._asks_again(place) <= history.now:
                tried.add(place)
                yield letter

    def _refusing(self, history: History) -> Iterator[Letter]:
        """Yield letters to one place about the other one, which takes none."""
        for place, refusals in self._refusals.items():
            subject, due = f"place.{place}", refusals[0] + REFUSED_FOR
            action = Action.TELL if place == Action.OPEN.place else Action.OPEN
            key = Key(action, Kind.REFUSED, subject, due)
            if due <= history.now and key not in self._last:
                yield Letter(key)

    def _asks_again(self, place: str) -> datetime:
        refusals = self._refusals[place]
        doubled = min(len(refusals) - 1, MOST_DOUBLINGS)
        return refusals[-1] + FIRST_PAUSE * 2**doubled

    def _messages(self, history: History) -> Iterator[Letter]:
        for message in messages(history):
            key = Key(Action.TELL, message.kind, message.subject, message.due)
            before = self._last.get(key)
            if before is None or before.accepted is False:
                yield Letter(key, message, before)

    def _incidents(self, history: History) -> Iterator[Letter]:
        told = set()
        for opening in list(self._last.values()):
            if opening.key.action == Action.OPEN and not self._is_done(
                opening, history
            ):
                told.add(opening.key.subject)
                yield from self._next_of(opening, history)
        for incident in incidents(history):
            key = Key(Action.OPEN, incident.kind, incident.subject, incident.due)
            if incident.subject not in told and key not in self._last:
                yield Letter(key, incident)

    def _is_done(self, opening: Sent, history: History) -> bool:
        """Return whether an incident has been resolved, or was over before it was opened."""
        if opening.accepted:
            resolution = self._last.get(_resolution(opening))
            return bool(resolution and resolution.accepted)
        return opening.accepted is False and self._is_over(opening.key, history)

    def _is_over(self, opened: Key, history: History) -> bool:
        if opened.kind == Kind.REFUSED:
            return opened.subject.removeprefix("place.") not in self._refusals
        return is_over(opened, history)

    def _next_of(self, opening: Sent, history: History) -> Iterator[Letter]:
        """Yield what comes after an opening: the next attempt, a reminder, the resolution."""
        if opening.accepted is False:
            if history.now - self._first[opening.key] <= SENT_FOR:
                yield Letter(opening.key, before=opening)
        elif opening.accepted and self._is_over(opening.key, history):
            resolution = self._last.get(_resolution(opening))
            if resolution is None or resolution.accepted is False:
                yield Letter(_resolution(opening), before=resolution or opening)
        elif opening.accepted and opening.at < history.now - REMINDER_AFTER:
            reminder = self._tried[opening.key]
            if reminder.accepted is not None:
                yield Letter(opening.key, before=reminder)


def _resolution(opening: Sent) -> Key:
    return opening.key._replace(action=Action.RESOLVE)
