"""Oracle of alerts: what is due in a history, by the specification alone.

Each rule is a question about the whole timeline. Nothing here looks at it step by step,
as the watch does whose answers are compared with these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable

from tests.utils.watch.history_form import DAY, NEVER, History, Window
from tests.utils.watch.oracle_incidents import incident_reasons
from tests.utils.watch.oracle_messages import message_reasons
from tests.utils.watch.oracle_timeline import Reason, first_outside

MESSAGES = ("run-failed", "recovered", "stuck-pending", "late", "running-long")
INCIDENTS = ("repeated-failure", "no-success", "stale-table", "no-worker")

# "Nothing that was due more than six days ago is told." "Sent again [...] for at most
# six days".
AT_MOST = 6 * DAY


@dataclass(frozen=True)
class Due:
    """Message or incident that has to be told, and from when on.

    The subject is a run's or a deployment's id, or a pool's or a table's name. `opened`
    is the later of its reason and of the first moment at which it can be told and is
    accepted; so is `resolved`, which is None for messages and what is open at the end.
    `until` is the last moment at which it is told.
    """

    kind: str
    subject: str
    opened: int
    resolved: int | None = None
    until: int = field(default=NEVER, compare=False)


def due(history: History) -> list[Due]:
    """Return all that is due in a history, by the time from which it is due."""
    return told(reasons(history), history)


def reasons(history: History) -> list[Reason]:
    """Return the reasons of all that may be due, as if all could be told at once."""
    return [*message_reasons(history), *incident_reasons(history)]


def told(found: list[Reason], history: History, wait: int = 0) -> list[Due]:
    """Return what can be told of reasons until a history's end.

    Whoever tells it may look only some seconds (`wait`) after it is due.
    """
    all_told = []
    for reason in found:
        tell = message if reason.kind in MESSAGES else incident
        each = tell(reason, history, wait)
        if each and each.opened <= history.end:
            all_told.append(each)
    return sorted(all_told, key=lambda each: (each.opened, each.kind, each.subject))


def message(reason: Reason, history: History, wait: int = 0) -> Due | None:
    """Return a message as it is due, unless it can not be told.

    "A message whose reason has passed while nobody could tell it (server or watch down, or
    its place refusing) is told late if its kind is run-failed. The other kinds are told late
    only if their reason still holds when it can be told [...] Nothing that was due more than
    six days ago is told."
    """
    accepted = first_sent(reason, (*history.down, *history.refusals["messages"]), wait)
    if accepted is None or accepted - reason.start > AT_MOST:
        return None
    until = reason.start + AT_MOST
    return Due(reason.kind, reason.subject, accepted, until=until)


def incident(reason: Reason, history: History, wait: int = 0) -> Due | None:
    """Return an incident as it is due, unless it can not be told.

    "An incident that was over before it could be told is not told at all. One that is
    told late is opened at once when it can be. [...] An incident that was told is
    resolved, even if server or watch were down in between." An opening that is refused
    "is sent again, until the place has accepted it once, for at most six days [...]
    When an incident is over before its opening was accepted, neither is sent any more."
    """
    sent = first_sent(reason, history.down, wait)
    if sent is None:
        return None
    closed = (history.down, history.refusals["incidents"])
    opened = first_outside(sent, *closed)
    if opened >= reason.stop or opened - sent > AT_MOST:
        return None
    resolved: int | None = first_outside(reason.stop, *closed)
    if resolved > history.end:
        resolved = None
    until = min(sent + AT_MOST, reason.stop if opened > sent else NEVER)
    return Due(reason.kind, reason.subject, opened, resolved, until)


def first_sent(reason: Reason, down: Iterable[Window], wait: int) -> int | None:
    """Return the first moment at which a reason holds and somebody can tell it."""
    for hold in reason.holds:
        moment = first_outside(max(hold.start, reason.start + wait), down)
        if moment < hold.stop:
            return moment
    return None
