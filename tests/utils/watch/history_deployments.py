"""Deployments of a history: their schedules, and what is done to them in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.utils.watch.history_form import (
    DAY,
    HOUR,
    MINUTE,
    Change,
    Deployment,
    Schedule,
)

# Tags that are nearly the one that counts.
DECOYS = ("alert", "Alerts", "no-alerts", "nightly")

# What is done to a deployment.
WHAT = ("deploy", "deploy", "retime", "off", "pause", "pause")


@dataclass(frozen=True)
class Style:
    """Way to run a deployment: how often, how long a run takes, and for how long."""

    every: int
    shortest: int
    longest: int
    stretch: tuple[int, int] | None = None


STYLES = {
    "ten-minutes": Style(10 * MINUTE, 60, 240, (3 * HOUR, 6 * HOUR)),
    "hourly": Style(HOUR, 3 * MINUTE, 15 * MINUTE, (20 * HOUR, 50 * HOUR)),
    "six-hours": Style(6 * HOUR, 5 * MINUTE, 50 * MINUTE),
    "daily": Style(DAY, 5 * MINUTE, 90 * MINUTE),
    "two-days": Style(2 * DAY, 20 * MINUTE, 3 * HOUR),
    "weekly": Style(7 * DAY, 10 * MINUTE, 2 * HOUR),
    "manual": Style(0, 5 * MINUTE, 60 * MINUTE),
    "two-schedules": Style(DAY, 5 * MINUTE, 40 * MINUTE),
}
# Many short rounds: one deployment for each history.
MANY = ("ten-minutes", "hourly", "six-hours")
FEW = ("daily", "daily", "daily", "two-schedules", "two-days", "weekly", "manual")


@dataclass
class Plan:
    """Deployment, and what its runs are made from.

    `before` has the times of changes before which it shall fail, for tight cases.
    """

    deployment: Deployment
    style: str
    length: int
    before: list[int] = field(default_factory=list)


def plans(rng: Random, end: int) -> list[Plan]:
    """Return the deployments of a history."""
    count = rng.randint(2, 6)
    # Nothing changes in some histories, so that nobody need look for a week.
    calm = rng.random() < 0.3
    styles = [rng.choice(MANY)] if rng.random() < 0.6 else []
    styles += [rng.choice(FEW) for _ in range(count - len(styles))]
    pools = ["ecs", "local", "spare"][: rng.randint(1, 3)]
    found = []
    for number, style in enumerate(styles, start=1):
        counts = number == 1 or rng.random() < 0.7
        tags: tuple[str, ...] = ("alerts",) if counts else ()
        if not counts or rng.random() < 0.4:
            tags = (rng.choice(DECOYS), *tags)
        # A pool of its own is a pool without alerts.
        pool = rng.choice(pools) if counts or rng.random() < 0.4 else "unwatched"
        found.append(planned(rng, f"deployment-{number}", style, tags, pool, end, calm))
    return found


def planned(
    rng: Random,
    name: str,
    style: str,
    tags: tuple[str, ...],
    pool: str,
    end: int,
    calm: bool,
) -> Plan:
    """Return one deployment with its schedules and their changes."""
    chosen = STYLES[style]
    length = rng.randint(chosen.shortest, chosen.longest)
    changes: list[int] = []
    schedules: list[Schedule] = []
    paused: list[Change] = []
    if chosen.stretch:
        begins = rng.randint(0, end - chosen.stretch[1] - DAY)
        stops = begins + rng.randint(*chosen.stretch)
        active = (Change(begins, True), Change(stops, False))
        schedules.append(Schedule(chosen.every, rng.randrange(chosen.every), active))
        changes.append(stops)
    elif calm and chosen.every:
        always = (Change(0, True),)
        schedules.append(Schedule(chosen.every, rng.randrange(chosen.every), always))
    elif chosen.every:
        schedules, paused, changes = changing(rng, chosen.every, end)
    if style == "two-schedules":
        weekly = Schedule(7 * DAY, rng.randrange(7 * DAY), (Change(0, True),))
        schedules.append(weekly)
    before = [each for each in changes if rng.random() < 0.6]
    made = Deployment(
        name, name.title(), tags, pool, tuple(schedules), tuple(sorted(paused))
    )
    return Plan(made, style, length, before)


def changing(
    rng: Random, every: int, end: int
) -> tuple[list[Schedule], list[Change], list[int]]:
    """Return schedules, pauses and the times of all changes of one deployment."""
    anchor = rng.randrange(every)
    # Some deployments are made later than others.
    active = [Change(rng.choice([0, 0, 0, rng.randint(0, 4 * DAY)]), True)]
    schedules: list[Schedule] = []
    paused: list[Change] = []
    changes: list[int] = []
    moment = active[0].time + rng.randint(3 * DAY, 7 * DAY)
    while moment < end - 2 * DAY:
        time = near(rng, moment, every, anchor)
        changes.append(time)
        # Back after hours or days, sometimes exactly at one of the schedule's times.
        back = time + rng.randint(HOUR, 3 * DAY)
        if rng.random() < 0.3:
            back = next_time(back, every, anchor)
        what = rng.choice(WHAT)
        if what == "deploy":
            active.append(Change(time, True))
        elif what == "retime":
            schedules.append(Schedule(every, anchor, (*active, Change(time, False))))
            every = rng.choice([12 * HOUR, DAY, DAY, every])
            anchor = rng.randrange(every)
            active = [Change(time, True)]
        elif what == "off":
            active += [Change(time, False), Change(back, True)]
        else:
            paused += [Change(time, True), Change(back, False)]
        moment = max(back, time) + rng.randint(2 * DAY, 9 * DAY)
    schedules.append(Schedule(every, anchor, tuple(active)))
    return schedules, paused, changes


def near(rng: Random, moment: int, every: int, anchor: int) -> int:
    """Return the time of a change: soon after a scheduled time, at it, or not."""
    time = next_time(moment, every, anchor)
    soon = time + rng.randint(2 * MINUTE, 55 * MINUTE)
    return rng.choice([time, soon, soon, moment, time + rng.randint(2 * HOUR, DAY)])


def next_time(moment: int, every: int, anchor: int) -> int:
    """Return a schedule's first time that is not before a moment."""
    return moment + (anchor - moment) % every
