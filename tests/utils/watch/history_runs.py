"""Runs of a deployment: which kind each of its days has."""

from __future__ import annotations

from random import Random
from typing import Callable, Iterator

from tests.utils.watch.history_day import COMPLETED, Day
from tests.utils.watch.history_days import KINDS
from tests.utils.watch.history_deployments import MANY, Plan
from tests.utils.watch.history_form import DAY, HOUR, NEVER, Pool, Run, State
from tests.utils.watch.oracle_incidents import times
from tests.utils.watch.oracle_timeline import (
    End,
    ends_of,
    joined,
    switched,
    usual_duration,
)

# Runs of successive times, with how often each row is chosen.
EPISODES: list[tuple[int, list[str]]] = [
    (12, ["success"] * 3),
    (2, ["failure"] * 3 + ["success"]),
    (2, ["failure"] * 2 + ["success"]),
    (1, ["failure"] * 5 + ["success"]),
    (2, ["failure", "success", "failure", "success"]),
    (2, ["failure", "cancelled", "failure", "failure", "success"]),
    (1, ["crash", "time-out", "failure", "success"]),
    (1, ["success", "kept-at-time", "success"]),
    (1, ["success", "kept-at-limit", "success"]),
    (1, ["success", "kept-before-limit", "success"]),
    (1, ["success", "broken-after-limit", "success"]),
    (1, ["missed"] * 3),
    (1, ["missed"]),
    (1, ["time-out"]),
    (1, ["crash"]),
    (2, ["retried"]),
    (1, ["retry-over-limit"]),
    (2, ["hang"]),
    (2, ["nearly-hang"]),
    (3, ["late"]),
    (2, ["slot"]),
    (3, ["long-pending"]),
    (1, ["cancelled"]),
    (2, ["restarted"]),
    (1, ["twice-pending"]),
    (3, ["tries"]),
]
BAD = ["failure", "crash", "missed", "tries", "tries"]
BY_HAND = ["success", "success", "failure", "hang", "long-pending", "tries"]


def kinds(rng: Random, many: bool) -> Iterator[str]:
    """Yield the kind of each run, most often with successes first."""
    if rng.random() < 0.75:
        yield from ["success"] * rng.randint(3, 5)
    weights = [
        weight * (6 if many and set(row) == {"success"} else 1)
        for weight, row in EPISODES
    ]
    while True:
        yield from rng.choices(EPISODES, weights)[0][1]


def runs(rng: Random, plan: Plan, pool: Pool, end: int) -> list[Run]:
    """Return all runs of a deployment until an end."""
    deployment = plan.deployment
    stream = kinds(rng, plan.style in MANY)
    starts = [*scheduled_times(plan, end), *by_hand(rng, plan, end)]
    bad = forced(rng, plan, [start for start, _, manual in starts if not manual])
    found: list[Run] = []
    known: list[End] = []
    for expected, since, manual in sorted(starts):
        usual = usual_duration(sorted(known, key=lambda each: each.time), expected)
        length = max(40, int(plan.length * rng.uniform(0.8, 1.25)))
        made = expected if manual else max(since, expected - rng.randint(HOUR, 3 * DAY))
        day = Day(rng, made, expected, length, usual, worker(pool))
        rare = manual and plan.style != "manual"
        kind = rng.choice(BY_HAND) if rare else next(stream)
        if expected in bad and not manual:
            kind = rng.choice(BAD)
        states = KINDS[kind](day) if kind in KINDS else missed(day, kind)
        if states:
            name = f"{deployment.id}-run-{len(found) + 1}"
            start = expected if kind in KINDS else states[0].time
            run = Run(name, deployment.id, start, tuple(states))
            found.append(run)
            known += ends_of([run])
    return found


def scheduled_times(plan: Plan, end: int) -> list[tuple[int, int, bool]]:
    """Return the times of a deployment's schedules, each with since when it is made."""
    paused = joined(switched(plan.deployment.paused, on=True))
    found = {}
    for schedule in plan.deployment.schedules:
        for time, active in times(schedule, end):
            if not any(each.start <= time < each.stop for each in paused):
                resumed = [each.stop for each in paused if each.stop <= time]
                found[time] = max([active.start, *resumed])
    return [(time, since, False) for time, since in found.items()]


def by_hand(rng: Random, plan: Plan, end: int) -> list[tuple[int, int, bool]]:
    """Return the times at which a person starts a run."""
    count = rng.randint(6, 18) if plan.style == "manual" else rng.randint(0, 2)
    chosen = {rng.randrange(HOUR, end) for _ in range(count)}
    for pause in joined(switched(plan.deployment.paused, on=True)):
        if rng.random() < 0.7 and pause.stop < end:
            chosen.add(rng.randint(pause.start, pause.stop))
    return [(time, time, True) for time in sorted(chosen)]


def forced(rng: Random, plan: Plan, starts: list[int]) -> set[int]:
    """Return the times that shall fail: before changes, and sometimes at the end."""
    bad: set[int] = set()
    for change in plan.before:
        last = [time for time in starts if time <= change]
        bad.update(last[-rng.randint(1, 4) :])
    if rng.random() < 0.2:
        bad.update(starts[-rng.randint(1, 4) :])
    return bad


def worker(pool: Pool) -> Callable[[int], int]:
    """Return a function that says when a pool's worker takes a run."""
    stops = [status.time for status in pool.statuses[1:]] + [NEVER]

    def takes(time: int) -> int:
        """Return the first time, from one on, at which there is a worker."""
        for status, stop in zip(pool.statuses, stops):
            if status.status != "READY" and status.time <= time < stop:
                # A worker that is back finds the runs within its next seconds.
                time = NEVER if stop == NEVER else stop + 7
        return time

    return takes


def missed(day: Day, kind: str) -> list[State]:
    """Return a run that a person started instead of a missed one, if there is one.

    It succeeds exactly at the missed time, or at its limit, or a minute off.
    """
    limit = day.expected + HOUR + -int(-(day.usual or 0) // 1)
    wanted = {
        "kept-at-time": day.expected,
        "kept-at-limit": limit,
        "kept-before-limit": limit - 60,
        "broken-after-limit": limit + 60,
    }
    begins = wanted.get(kind, 0) - day.length
    if begins < HOUR or day.worker(begins - 20) != begins - 20:
        return []
    return [
        State(begins - 30, "SCHEDULED", "Scheduled"),
        State(begins - 20, "PENDING", "Pending"),
        State(begins, "RUNNING", "Running"),
        State(begins + day.length, *COMPLETED),
    ]
