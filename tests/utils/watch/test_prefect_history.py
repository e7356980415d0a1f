"""What is read from a real server is what the simulation knows of the same history."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.utils.watch.hand_written import (
    ends,
    happening,
    pool,
    run,
    usual,
)
from tests.utils.watch.history_form import DAY, HOUR, MINUTE, History
from tests.utils.watch.played_history import PlayedHistory
from tests.utils.watch.server_looks import due_at
from tests.utils.watch.simulation import View
from utils.watch.prefect_history import PrefectHistory

READY = pool((0, "READY"))

Same = Callable[..., set[str]]


@pytest.fixture
def same(history_server) -> Same:
    """Function that looks at times, returns the kinds due at last, and compares each look."""

    def kinds(made: History, *times: int, restarted: bool = False) -> set[str]:
        played, reader = PlayedHistory(made, history_server), PrefectHistory()
        for time in times:
            if restarted:
                reader = PrefectHistory()
            found = due_at(played.look(reader, time))
            assert found == due_at(View(made).at(time))
        return {str(each[0]) for each in found}

    return kinds


@pytest.mark.slow
@pytest.mark.parametrize("restarted", [False, True])
def test_failures_before_what_is_told_are_counted(same, restarted):
    """Of a deployment that runs once a week, the failure is a week ago."""
    rows = ends(("Completed", DAY), ("Failed", 2 * DAY), ("Completed", 9 * DAY))
    made = happening(rows, pools=[READY])
    times = (DAY, 3 * DAY, 9 * DAY, 9 * DAY + HOUR)
    assert same(made, *times, restarted=restarted) == {"recovered"}

    # The first failures are too old to be told, the last one is the fourth.
    failures = (("Failed", day * DAY) for day in (2, 3, 4, 9))
    rows = ends(("Completed", DAY), *failures, ("Completed", 11 * DAY))
    made = happening(rows, pools=[READY])
    times = (*(day * DAY for day in range(12)), 12 * DAY)
    assert same(made, *times, restarted=restarted) == {"run-failed", "recovered"}


@pytest.mark.slow
@pytest.mark.parametrize("restarted", [False, True])
def test_a_usual_duration_does_not_change_while_a_run_goes_on(same, restarted):
    """Successes that come meanwhile take no other one's place, so it is told once."""
    lengths = [MINUTE * day for day in range(1, 26)]
    hanging = run("h", f"Running {25 * DAY + HOUR}")
    made = happening([*usual(*lengths), hanging], pools=[READY], end=30 * DAY)
    early = happening([*made.runs, *ends(("Completed", 26 * DAY))], pools=[READY])
    times = (24 * DAY, 25 * DAY + 3 * HOUR, 26 * DAY, 27 * DAY)
    assert same(early, *times, restarted=restarted) == {"running-long"}
