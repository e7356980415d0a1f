"""Looks at a history that is played on a server, and what watch can know at them.

A look takes a tenth of a second, so that only those are taken at which something may be
told, and some others by chance.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Iterator

from tests.utils.watch import history_form as form
from tests.utils.watch.simulation import LONGEST_PAUSE as PAUSE
from tests.utils.watch.simulation import SECONDS_BETWEEN_LOOKS as BETWEEN
from tests.utils.watch.simulation import View, looks, within
from utils.watch.history import History
from utils.watch.judge import Incident, incidents, is_over, messages

# Seconds after an outage within which all is told.
AT_THE_LATEST = 300
# Some looks by chance, in each history.
BY_CHANCE = 15

Told = set[tuple[object, ...]]
"""What is due, as it can be compared."""


def due_at(history: History) -> Told:
    """Return the messages and incidents that are due."""
    return {
        *(
            (each.kind, each.subject, each.due, each.count)
            for each in messages(history)
        ),
        *((each.kind, each.subject, each.due) for each in incidents(history)),
    }


def restarts(history: form.History) -> set[int]:
    """Return the times of looks before which watch was started anew.

    In every other outage it is the server that was down.
    """
    return {window.stop for window in history.down[::2]}


def seen(history: form.History) -> form.History:
    """Return a history in which pools change when watch is there to see it.

    The server does not say since when a pool has been without a worker.
    """
    return replace(history, pools=tuple(_seen(each, history) for each in history.pools))


def _seen(pool: form.Pool, history: form.History) -> form.Pool:
    statuses = {}
    for status in pool.statuses:
        down = [each for each in history.down if each.start <= status.time < each.stop]
        time = down[0].stop if down else status.time
        statuses[time] = form.Status(time, status.status)
    return replace(pool, statuses=tuple(statuses.values()))


def looks_at(history: form.History, rng: Random) -> list[int]:
    """Return the times of looks at a history that is as watch sees it."""
    view = View(history)
    every = list(looks(history, view, []))
    chosen = {0, history.end, *_changes(history)}
    last: Told | None = None
    opened: dict[tuple[object, ...], Incident] = {}
    for time in every:
        now = view.at(time)
        opened |= {(each.kind, each.subject, each.due): each for each in incidents(now)}
        over = {("over", *key) for key, each in opened.items() if is_over(each, now)}
        if (found := due_at(now) | over) != last:
            chosen.add(time)
        last = found
    others = sorted({*every} - chosen)
    chosen.update(rng.sample(others, min(BY_CHANCE, len(others))))
    return sorted(
        time
        for time in chosen
        if 0 <= time <= history.end and not within(time, history.down)
    )


def _changes(history: form.History) -> Iterator[int]:
    """Yield when something changes that no run has, and when outages are over."""
    for pool in history.pools:
        yield from (status.time for status in pool.statuses)
    for deployment in history.deployments:
        for pause in deployment.paused:
            # A resumption is known by the last look that has seen the pause.
            yield from (pause.time - 1, pause.time)
        for schedule in deployment.schedules:
            yield from (change.time for change in schedule.active)
    for window in (*history.down, *sum(history.refusals.values(), ())):
        # One letter is tried, and then all that had to wait.
        yield from (window.stop, window.stop + PAUSE, window.stop + PAUSE + BETWEEN)
        yield window.stop + AT_THE_LATEST
