"""Work pools and tables of a history."""

from __future__ import annotations

from random import Random

from tests.utils.watch.history_form import (
    DAY,
    HOUR,
    MINUTE,
    Load,
    Pool,
    Status,
    Table,
)

DOWN, PAUSED, READY = "NOT_READY", "PAUSED", "READY"


def pool(rng: Random, name: str, starts: list[int], end: int) -> Pool:
    """Return a pool that has no worker now and then, often when runs should start."""
    statuses = [Status(0, READY)]
    time = rng.randint(DAY, 5 * DAY)
    while time < end - DAY:
        later = [start for start in starts if start > time]
        if later and rng.random() < 0.6:
            time = max(time, later[0] - rng.randint(MINUTE, 50 * MINUTE))
        lengths = [4 * MINUTE, 6 * MINUTE, rng.randint(600, 3 * HOUR)]
        lasts = rng.choice([*lengths, rng.randint(HOUR, 20 * HOUR)])
        row = rng.choice(
            [
                [(DOWN, lasts)],
                [(DOWN, lasts)],
                [(DOWN, 3 * MINUTE), (PAUSED, 10 * MINUTE), (DOWN, 4 * MINUTE)],
                [(DOWN, lasts), (PAUSED, rng.randint(600, 5 * HOUR))],
                [(DOWN, 4 * MINUTE), (READY, 3 * MINUTE), (DOWN, 4 * MINUTE)],
                [(PAUSED, rng.randint(600, 8 * HOUR))],
            ]
        )
        for status, seconds in row:
            statuses.append(Status(time, status))
            time += seconds
        statuses.append(Status(time, READY))
        time += rng.randint(2 * DAY, 8 * DAY)
    if rng.random() < 0.15:
        statuses.append(Status(end - rng.randint(HOUR, 12 * HOUR), DOWN))
    return Pool(name, tuple(statuses))


def table(rng: Random, name: str, end: int) -> Table:
    """Return a table whose loads come, are empty, old or reloaded, or do not come."""
    every = rng.choice([6 * HOUR, 12 * HOUR, DAY])
    promise = every + rng.choice([2 * HOUR, 6 * HOUR, DAY])
    lag = rng.randint(MINUTE, HOUR)
    loads: list[Load] = []
    time = rng.randint(HOUR, 3 * DAY)
    # Some come no more at the end, or for longer than anything is told late.
    ago = [
        0,
        0,
        0,
        0,
        rng.randint(promise, promise + DAY),
        rng.randint(8 * DAY, 11 * DAY),
    ]
    stops = end - rng.choice(ago)
    while time < stops:
        newest = max(loads[-1].newest, time - lag) if loads else time - lag
        kinds = ["good"] * 9 + ["empty"] * 2 + ["old", "reload", "gap", "inside", "out"]
        kind = rng.choice(kinds if loads else ["good", "old"])
        if kind == "empty":
            newest = loads[-1].newest
        elif kind == "old":
            # Newer than before, if it can be, but too old at its end.
            newest = time - promise - rng.randint(5 * MINUTE, 10 * HOUR)
            newest = max(newest, loads[-1].newest) if loads else newest
        elif kind == "reload":
            newest = loads[-1].newest - rng.randint(HOUR, 2 * promise)
        elif kind == "gap":
            time += rng.randint(promise, promise + 2 * DAY)
            newest = time - lag
        elif kind in ("inside", "out"):
            # Just before or just after its newest value is too old.
            stale = loads[-1].newest + promise
            time = stale + (-MINUTE if kind == "inside" else MINUTE)
            if time <= loads[-1].time:
                time = loads[-1].time + every
            newest = time - lag
        if time < stops:
            loads.append(Load(time, newest))
        time += max(10 * MINUTE, every + rng.randint(-600, 600))
    return Table(name, None if rng.random() < 0.15 else promise, tuple(loads))


def tables(rng: Random, end: int) -> tuple[Table, ...]:
    """Return one to three tables."""
    names = ["rates", "contacts", "products"][: rng.randint(1, 3)]
    return tuple(table(rng, name, end) for name in names)
