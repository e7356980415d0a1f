"""Outages of a history: when nobody can tell anything, and when places refuse.

Most are aimed at something that would be told, to begin before it or to stop after it.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.utils.watch.history_clear import is_clear
from tests.utils.watch.history_form import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    History,
    Window,
)
from tests.utils.watch.oracle import INCIDENTS, MESSAGES
from tests.utils.watch.oracle_timeline import Reason, joined

PLACES = {
    "down": (*MESSAGES, *INCIDENTS),
    "messages": MESSAGES,
    "incidents": INCIDENTS,
}

# Kinds that are over soon: few outages begin before them and stop while they hold.
SHORT = ("stuck-pending", "stuck-pending", "running-long", "late", "no-worker") * 2

# Server and watch are up again, and places accept, some time before the end.
LAST = 2 * HOUR


def with_outages(rng: Random, history: History, found: list[Reason]) -> History:
    """Return a history with outages, as far as they leave it clear."""
    if rng.random() < 0.2:
        history = with_deploy_unseen(rng, history, found)
    if rng.random() < 0.9:
        history = with_long_outage(rng, history, found)
    for place, kinds in PLACES.items():
        own = [each for each in found if each.kind in kinds]
        for _ in range(rng.randint(*((2, 7) if place == "down" else (0, 3)))):
            history = added(history, place, aimed(rng, history, own), found)
    for refusal in history.refusals["incidents"]:
        # The watch is killed while it has something to send again.
        start = rng.randint(refusal.start, refusal.stop)
        killed = Window(start, start + rng.randint(2 * MINUTE, 4 * HOUR))
        history = added(history, "down", killed, found)
    return history


def added(history: History, where: str, window: Window, found: list[Reason]) -> History:
    """Return a history with one outage more, unless it is not clear with it."""
    stop = min(window.stop, history.end - LAST)
    if window.start < 0 or window.start >= stop:
        return history
    old = history.down if where == "down" else history.refusals[where]
    windows = tuple(joined([*old, Window(window.start, stop)]))
    if where == "down":
        other = replace(history, down=windows)
    else:
        other = replace(history, refusals={**history.refusals, where: windows})
    return other if is_clear(other, found) else history


def aimed(rng: Random, history: History, found: list[Reason]) -> Window:
    """Return an outage of minutes to days, at one of the reasons if there are any."""
    length = rng.choice([rng.randint(2, 50) * MINUTE, rng.randint(1, 12) * HOUR])
    if rng.random() < 0.15:
        length = rng.randint(DAY, 3 * DAY)
    start = rng.randrange(history.end)
    kinds = sorted({reason.kind for reason in found})
    if not kinds or rng.random() < 0.15:
        return Window(start, start + length)
    # Each kind as often as the others, or oftener: most reasons are failures.
    kind = rng.choice([*kinds, *(kind for kind in SHORT if kind in kinds)])
    reason = rng.choice([each for each in found if each.kind == kind])
    start = reason.start - rng.randint(2 * MINUTE, 3 * HOUR)
    how = rng.choice(["beginning"] * 3 + ["whole", "whole", "end"])
    known = reason.stop < NEVER
    if how == "whole" and known and reason.stop - start < 4 * DAY:
        return Window(start, reason.stop + rng.randint(2 * MINUTE, 3 * HOUR))
    if how == "end" and known and reason.stop - reason.start > 10 * MINUTE:
        middle = rng.randint(reason.start + 4 * MINUTE, reason.stop - 2 * MINUTE)
        return Window(middle, reason.stop + rng.randint(2 * MINUTE, length))
    if known and reason.stop - reason.start > 10 * MINUTE:
        return Window(start, rng.randint(reason.start + 120, reason.stop - 120))
    return Window(start, reason.start + length)


def with_long_outage(rng: Random, history: History, found: list[Reason]) -> History:
    """Return a history with an outage of more than six days, if it can have one."""
    place = rng.choice(["down"] * 3 + ["messages", "incidents"])
    kinds = PLACES[place]
    if place == "down" and rng.random() < 0.75:
        kinds = INCIDENTS
    # What begins with the outage and holds until after it is too old in the end.
    long = [
        each
        for each in found
        if each.kind in kinds
        and min(each.stop, history.end - LAST) - each.start > 6 * DAY + 4 * HOUR
    ]
    for reason in rng.sample(long, min(12, len(long))):
        start = reason.start - rng.randint(2 * MINUTE, HOUR)
        longest = min(reason.stop, history.end - LAST) - start - 6 * DAY - HOUR
        length = 6 * DAY + rng.randint(2 * HOUR, min(30 * HOUR, longest))
        other = added(history, place, Window(start, start + length), found)
        if other is not history:
            return other
    return history


def with_deploy_unseen(rng: Random, history: History, found: list[Reason]) -> History:
    """Return a history in which the watch is down when somebody deploys."""
    deploys = [
        change.time
        for deployment in history.deployments
        for schedule in deployment.schedules
        for change in schedule.active
        if change.on and change.time > HOUR
    ]
    if not deploys:
        return history
    time = rng.choice(deploys)
    before, after = rng.randint(60, 600), rng.randint(120, 1800)
    return added(history, "down", Window(time - before, time + after), found)
