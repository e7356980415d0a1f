"""Counts of what occurs in histories: which kinds are told, and how telling goes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Iterable, Iterator

from tests.utils.watch.histories import history
from tests.utils.watch.history_days_count import day_kinds
from tests.utils.watch.history_form import History
from tests.utils.watch.history_rules import rules
from tests.utils.watch.oracle import (
    AT_MOST,
    INCIDENTS,
    MESSAGES,
    Due,
    first_sent,
    incident,
    message,
    reasons,
)
from tests.utils.watch.oracle_timeline import Reason, first_outside

# Fewer occurrences in 300 histories say too little.
RARE = 20

# Rows that are shown even if they never occur.
FATES = [
    *(f"{kind}: {what}" for kind in MESSAGES for what in ("told", "told after down")),
    *(f"{kind}: passed while down" for kind in MESSAGES if kind != "run-failed"),
    *(
        f"{kind}: {what}"
        for kind in INCIDENTS
        for what in (
            "opened",
            "opened after down",
            "over while down",
            "resolved after down",
            "open at the end",
        )
    ),
    "message: older than six days after down",
    "message: refused, then accepted",
    "message: refused until its reason had passed",
    "message: refused for six days",
    "message: refused, then down before it is accepted",
    "opening: refused, then accepted",
    "opening: refused until it is over",
    "opening: refused for six days",
    "opening: refused, then down before it is accepted",
    "opening: due more than six days ago, but not over",
    "resolution: refused at first",
    "one incident over and the next one open, told at once",
]


def table(seeds: Iterable[int] = range(300)) -> str:
    """Return how often each kind and each rule occurs in the histories of seeds."""
    found = occurrences(history(seed) for seed in seeds)
    rows = [f"{found[row]:6}  {row}" for row in sorted(found)]
    rare = [row for row in sorted(found) if found[row] < RARE]
    return "\n".join([*rows, f"Fewer than {RARE}: {', '.join(rare) or 'none'}."])


def occurrences(histories: Iterable[History]) -> Counter[str]:
    """Return how often each kind and each rule occurs in histories."""
    found: Counter[str] = Counter(dict.fromkeys(FATES, 0))
    for each in histories:
        for rows in (fates(each), day_kinds(each), rules(each)):
            found.update(rows)
    return found


def fates(history: History) -> Iterator[str]:
    """Yield what becomes of each reason, as rows of the table."""
    incidents: list[Due] = []
    for reason in reasons(history):
        if reason.kind in MESSAGES:
            due = message(reason, history)
            yield from message_fates(reason, due, history)
        else:
            due = incident(reason, history)
            yield from incident_fates(reason, due, history)
            incidents += [due] if due else []
    incidents.sort(key=lambda due: (due.subject, due.opened))
    for one, other in pairwise(incidents):
        if (one.subject, one.resolved) == (other.subject, other.opened):
            yield "one incident over and the next one open, told at once"


def message_fates(reason: Reason, due: Due | None, history: History) -> Iterator[str]:
    """Yield what becomes of one message."""
    unseen = first_outside(reason.start, history.down) != reason.start
    sent = first_sent(reason, history.down, 0)
    if sent is None:
        yield f"{reason.kind}: passed while down"
        return
    closed = (*history.down, *history.refusals["messages"])
    if due:
        yield f"{reason.kind}: told"
        if unseen:
            yield f"{reason.kind}: told after down"
    elif sent - reason.start > AT_MOST:
        yield "message: older than six days after down"
    elif first_sent(reason, closed, 0) is None:
        yield "message: refused until its reason had passed"
    else:
        yield "message: refused for six days"
    refused = first_outside(sent, history.refusals["messages"])
    if due and refused != sent:
        yield "message: refused, then accepted"
        if any(sent < down.start < due.opened for down in history.down):
            yield "message: refused, then down before it is accepted"


def incident_fates(reason: Reason, due: Due | None, history: History) -> Iterator[str]:
    """Yield what becomes of one incident."""
    unseen = first_outside(reason.start, history.down) != reason.start
    sent = first_sent(reason, history.down, 0)
    if sent is None:
        yield f"{reason.kind}: over while down"
        return
    refused = first_outside(sent, history.refusals["incidents"]) != sent
    if due is None:
        opened = first_outside(sent, history.down, history.refusals["incidents"])
        over = opened >= reason.stop
        yield f"opening: refused {'until it is over' if over else 'for six days'}"
        return
    yield f"{reason.kind}: opened"
    if unseen:
        yield f"{reason.kind}: opened after down"
    if refused:
        yield "opening: refused, then accepted"
        if any(sent < down.start < due.opened for down in history.down):
            yield "opening: refused, then down before it is accepted"
    if due.opened - reason.start > AT_MOST:
        yield "opening: due more than six days ago, but not over"
    if due.resolved is None:
        yield f"{reason.kind}: open at the end"
    elif first_outside(reason.stop, history.down) != reason.stop:
        yield f"{reason.kind}: resolved after down"
    elif first_outside(reason.stop, history.refusals["incidents"]) != reason.stop:
        yield "resolution: refused at first"
