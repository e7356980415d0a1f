"""Watch in a history of weeks, look by look, without a server.

It looks when something has changed or becomes due, as if it looked all the time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Callable, Iterable, Iterator

from tests.utils.watch import history_form as form
from tests.utils.watch.oracle import Due
from utils.watch import history as known
from utils.watch.judge import incidents, messages
from utils.watch.letters import FIRST_PAUSE, MOST_DOUBLINGS, Action, Outbox, Sent

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
LONGEST_PAUSE = int((FIRST_PAUSE * 2**MOST_DOUBLINGS).total_seconds())
SECONDS_BETWEEN_LOOKS = 30
TAG = "alerts"


def at(time: int) -> datetime:
    """Return a history's time as a moment."""
    return BEGIN + timedelta(seconds=time)


def told(history: form.History) -> list[Due]:
    """Return what watch tells in a history, by the time at which it was accepted."""
    sent: list[Sent] = []
    view = View(history)
    for time in looks(history, view, sent):
        send(view.at(time), history, sent)
    return accepted(sent)


class View:
    """What can be known of a history at a time."""

    def __init__(self, history: form.History) -> None:
        self._history = history
        self._deployments = [each for each in history.deployments if TAG in each.tags]
        self._runs: dict[str, list[form.Run]] = defaultdict(list)
        for run in history.runs:
            self._runs[run.deployment].append(run)
        self._known: dict[tuple[object, ...], known.Deployment] = {}

    def at(self, time: int) -> known.History:
        """Return what is known, with the time as now."""
        pools = {each.pool for each in self._deployments}
        return known.History(
            at(time),
            tuple(self._deployment(each, time) for each in self._deployments),
            tuple(
                _pool(each, time) for each in self._history.pools if each.name in pools
            ),
            tuple(_tables(self._history.tables, time)),
        )

    def _deployment(self, deployment: form.Deployment, time: int) -> known.Deployment:
        """Return it as it was made before if nothing about it has changed."""
        states = sum(
            bisect_right(run.states, time, key=lambda state: state.time)
            for run in self._runs[deployment.id]
        )
        schedules = tuple(_schedules(deployment, time))
        key = (deployment.id, states, *(each.since for each in schedules))
        if key not in self._known:
            runs = (_run(run, time) for run in self._runs[deployment.id])
            self._known[key] = known.Deployment(
                deployment.id,
                deployment.name,
                tuple(run for run in runs if run.states),
                schedules,
            )
        return self._known[key]


def send(now: known.History, history: form.History, sent: list[Sent]) -> None:
    """Add the letters of a look, which their places take or refuse as the history says."""
    for letter in Outbox(sent).letters(now):
        refused = history.refusals[letter.key.action.place]
        taken = not within(_seconds(now.now), refused)
        _keep(Sent(letter.key, now.now, letter.attempt, {}, taken), sent)


def accepted(sent: Iterable[Sent]) -> list[Due]:
    """Return what places have accepted, by the time at which they did."""
    return sorted(_accepted(sent), key=lambda due: (due.opened, due.kind, due.subject))


def _keep(each: Sent, sent: list[Sent]) -> None:
    """Add a letter. Of those that were refused the first and the last matter."""
    again = [n for n, one in enumerate(sent) if one.key == each.key]
    if len(again) > 1 and not sent[again[-1]].accepted:
        del sent[again[-1]]
    sent.append(each)


def looks(history: form.History, view: View, sent: list[Sent]) -> Iterator[int]:
    """Yield the times of looks, at which something changes or becomes due."""
    ahead = iter([*sorted(set(_changes(history))), history.end])
    time, change = 0, next(ahead)
    while time <= history.end:
        if not within(time, history.down):
            yield time
        while change <= time:
            change = next(ahead, history.end + 1)
        due = min(_dues(view, time, change), default=change)
        last = {each.key.action.place: each for each in sent}
        if not all(each.accepted for each in last.values()):
            due = min(due, time + LONGEST_PAUSE)
        if sent and sent[-1].at == at(time):
            # What had to wait is sent by the next look.
            due = min(due, time + SECONDS_BETWEEN_LOOKS)
        time = min(due, change)


def _changes(history: form.History) -> Iterator[int]:
    for run in history.runs:
        yield from (state.time for state in run.states)
    for table in history.tables:
        yield from (load.time for load in table.loads)
    for pool in history.pools:
        yield from (status.time for status in pool.statuses)
    for deployment in history.deployments:
        yield from (change.time for change in deployment.paused)
        for schedule in deployment.schedules:
            yield from (change.time for change in schedule.active)
    for window in (*history.down, *sum(history.refusals.values(), ())):
        yield from window


def _dues(view: View, time: int, change: int) -> Iterator[int]:
    """Yield the times before the next change at which something becomes due."""
    later = replace(view.at(time), now=at(change))
    for each in (*messages(later), *incidents(later)):
        seconds = int((each.due - BEGIN).total_seconds()) + 1
        if time < seconds < change:
            yield seconds


def within(time: int, windows: Iterable[form.Window]) -> bool:
    return any(window.start <= time < window.stop for window in windows)


def _run(run: form.Run, time: int) -> known.Run:
    states = (
        known.State(at(state.time), state.type, state.name)
        for state in run.states
        if state.time <= time
    )
    return known.Run(run.id, run.id, at(run.expected), tuple(states))


def _schedules(deployment: form.Deployment, time: int) -> Iterator[known.Schedule]:
    paused = [each for each in deployment.paused if each.time <= time]
    if paused and paused[-1].on:
        return
    for schedule in deployment.schedules:
        active = [each for each in schedule.active if each.time <= time]
        if active and active[-1].on:
            since = max(active[-1].time, *(each.time for each in paused), 0)
            yield known.Schedule(_next_time(schedule), at(since))


def _next_time(schedule: form.Schedule) -> Callable[[datetime], datetime]:
    def next_time(after: datetime) -> datetime:
        seconds = (after - BEGIN).total_seconds() - schedule.anchor
        return at(
            schedule.anchor + (int(seconds // schedule.every) + 1) * schedule.every
        )

    return next_time


def _pool(pool: form.Pool, time: int) -> known.WorkPool:
    since = None
    for status in pool.statuses:
        if status.time <= time:
            if status.status != "NOT_READY":
                since = None
            elif since is None:
                since = at(status.time)
    return known.WorkPool(pool.name, since)


def _tables(tables: Iterable[form.Table], time: int) -> Iterator[known.Table]:
    for table in tables:
        loads = [load for load in table.loads if load.time <= time]
        if loads and table.promise is not None:
            fresh = [load for load in loads if load.time - load.newest < table.promise]
            yield known.Table(
                table.name,
                at(loads[-1].newest),
                timedelta(seconds=table.promise),
                at(loads[-1].time),
                at(fresh[-1].time) if fresh else None,
            )


def _accepted(sent: Iterable[Sent]) -> Iterator[Due]:
    taken = [each for each in sent if each.accepted and each.key.kind != "refused"]
    resolved = {
        each.key._replace(action=Action.OPEN): _seconds(each.at)
        for each in taken
        if each.key.action == Action.RESOLVE
    }
    first = {each.key: each for each in reversed(taken)}  # others are reminders
    for each in first.values():
        subject = each.key.subject.partition(".")[2]
        if each.key.action != Action.RESOLVE:
            yield Due(
                each.key.kind.value, subject, _seconds(each.at), resolved.get(each.key)
            )


def _seconds(moment: datetime) -> int:
    return int((moment - BEGIN).total_seconds())
