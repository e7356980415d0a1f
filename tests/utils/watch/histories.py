"""History of some weeks, made by a seed: the watch is compared with the oracle in it.

`python -m tests.utils.watch.histories` counts in 300 of them how often each kind of day
and each rule occurs.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.utils.watch.history_clear import is_clear
from tests.utils.watch.history_deployments import plans
from tests.utils.watch.history_form import DAY, HOUR, MINUTE, History, Run
from tests.utils.watch.history_outages import with_outages
from tests.utils.watch.history_pools import pool, tables
from tests.utils.watch.history_runs import runs, scheduled_times
from tests.utils.watch.oracle import reasons

MOST_RUNS = 400


def history(seed: int) -> History:
    """Return the history of a seed: two to four weeks, the same for the same seed."""
    rng = Random(seed)
    while True:
        made = drafted(rng, rng.randint(14 * DAY, 27 * DAY))
        if len(made.runs) > MOST_RUNS:
            continue
        # An end at which nothing has just become due.
        for end in range(made.end, made.end + 10 * HOUR, 37 * MINUTE):
            calm = until(made, end)
            found = reasons(calm)
            if is_clear(calm, found):
                return with_outages(rng, calm, found)


def drafted(rng: Random, end: int) -> History:
    """Return a history without outages that goes on for some hours after its end."""
    goes_on = end + 12 * HOUR
    planned = plans(rng, end)
    pools = {}
    for name in sorted({plan.deployment.pool for plan in planned}):
        own = [plan for plan in planned if plan.deployment.pool == name]
        starts = [time for plan in own for time, *_ in scheduled_times(plan, goes_on)]
        pools[name] = pool(rng, name, sorted(starts), end)
    found = [
        run
        for plan in planned
        for run in runs(rng, plan, pools[plan.deployment.pool], goes_on)
    ]
    return History(
        deployments=tuple(plan.deployment for plan in planned),
        runs=tuple(together(rng, found)),
        tables=tables(rng, goes_on),
        pools=tuple(pools.values()),
        down=(),
        refusals={"messages": (), "incidents": ()},
        end=end,
    )


def together(rng: Random, found: list[Run]) -> list[Run]:
    """Return runs of which two of different deployments fail in the same second."""
    for place, run in enumerate(found):
        last = run.states[-1]
        others = (
            [
                other.states[-1].time
                for other in found
                if other.deployment != run.deployment
                and other.states[-1].type == "FAILED"
                and run.states[-2].time < other.states[-1].time < last.time + HOUR
            ]
            if last.type == "FAILED" and last.name == "Failed"
            else []
        )
        if others and rng.random() < 0.5:
            last = last._replace(time=rng.choice(others))
            found[place] = replace(run, states=(*run.states[:-1], last))
    return found


def until(made: History, end: int) -> History:
    """Return what has happened until an end."""
    return replace(
        made,
        deployments=tuple(
            replace(
                each,
                schedules=tuple(
                    replace(x, active=tuple(c for c in x.active if c.time <= end))
                    for x in each.schedules
                ),
                paused=tuple(c for c in each.paused if c.time <= end),
            )
            for each in made.deployments
        ),
        runs=tuple(
            replace(each, states=tuple(s for s in each.states if s.time <= end))
            for each in made.runs
            if each.states[0].time <= end and each.expected <= end
        ),
        tables=tuple(
            replace(each, loads=tuple(x for x in each.loads if x.time <= end))
            for each in made.tables
        ),
        pools=tuple(
            replace(each, statuses=tuple(x for x in each.statuses if x.time <= end))
            for each in made.pools
        ),
        end=end,
    )


if __name__ == "__main__":
    from tests.utils.watch.history_counts import table

    print(table())
