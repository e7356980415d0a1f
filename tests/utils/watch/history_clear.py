"""Histories in which the answer does not hang on the second at which somebody looks.

The watch looks every 30 s, and can not ask what was so before a change that it has not
seen. Histories are compared with it, so that they leave such cases out.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Iterable

from tests.utils.watch.history_form import MINUTE, NEVER, History, Window
from tests.utils.watch.oracle import Due, reasons, told
from tests.utils.watch.oracle_timeline import (
    Reason,
    alerting,
    ends,
    first_outside,
    in_order,
    joined,
)

# A look comes at most so much later than what it sees.
LOOK = 45
# By a late look nothing may be told later than this, nor otherwise.
MOVES = 200
QUIET = 10 * MINUTE


def is_clear(history: History, found: list[Reason] | None = None) -> bool:
    """Return whether a history has one answer, whenever somebody looks.

    The reasons can be given if they are known: they do not depend on `down` and
    `refusals`.
    """
    found = reasons(history) if found is None else found
    answer = told(found, history)
    return (
        follows_in_time(history)
        and same(answer, told(found, longer_outages(history), LOOK))
        and quiet_at_the_end(answer, history)
        and not any(pool_flaps_unseen(history, window) for window in history.down)
        and not changes_unseen(history, found)
    )


def follows_in_time(history: History) -> bool:
    """Return whether states, and the ends of each deployment, have an order."""
    times = [[end.time for end in ends(history, x.id)] for x in history.deployments]
    return all(in_order(run) for run in history.runs) and all(
        one < other for each in times for one, other in pairwise(each)
    )


def longer_outages(history: History) -> History:
    """Return a history whose outages begin before and stop after those of another."""
    refusals = {place: longer(each) for place, each in history.refusals.items()}
    return replace(history, down=longer(history.down), refusals=refusals)


def longer(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return windows that begin earlier and stop later by one look."""
    return tuple(joined(Window(max(0, a - LOOK), b + LOOK) for a, b in windows))


def same(answer: list[Due], other: list[Due]) -> bool:
    """Return whether two answers differ in nothing but a few seconds."""

    def ordered(dues: list[Due]) -> list[Due]:
        """Return an answer in an order that some seconds do not change."""
        return sorted(dues, key=lambda each: (each.kind, each.subject, each.opened))

    return len(answer) == len(other) and all(
        (one.kind, one.subject) == (two.kind, two.subject)
        and abs(one.opened - two.opened) <= MOVES
        and abs((one.resolved or NEVER) - (two.resolved or NEVER)) <= MOVES
        for one, two in zip(ordered(answer), ordered(other))
    )


def quiet_at_the_end(answer: list[Due], history: History) -> bool:
    """Return whether nothing is due within the last ten minutes."""
    return all(
        time is None or time < history.end - QUIET
        for each in answer
        for time in (each.opened, each.resolved)
    )


def pool_flaps_unseen(history: History, down: Window) -> bool:
    """Return whether a pool became READY and NOT_READY again while nobody looked."""
    start, stop = down.start - LOOK, down.stop + LOOK
    for pool in history.pools:
        within = [status.status for status in pool.statuses if start < status[0] < stop]
        before = [status.status for status in pool.statuses if status.time <= start]
        stretches = (before[-1:] + within).count("NOT_READY")
        if stretches > 1 and (before[-1:] + within)[-1] == "NOT_READY":
            return True
    return False


def changes_unseen(history: History, found: list[Reason]) -> bool:
    """Return whether what a schedule promised before a change could be seen by nobody.

    Pausing leaves no trace of what was before, and a schedule that was made anew says
    only since when it is as it is.
    """
    for deployment in alerting(history):
        paused = [change.time for change in deployment.paused]
        for down in history.down:
            if any(down.start - LOOK < time < down.stop + LOOK for time in paused):
                return True
        changes = paused + [
            change.time for each in deployment.schedules for change in each.active
        ]
        for reason in found:
            if (reason.kind, reason.subject) == ("no-success", deployment.id):
                seen = first_outside(reason.start + LOOK, longer(history.down))
                if any(reason.start < time <= seen for time in changes):
                    return True
    return False
