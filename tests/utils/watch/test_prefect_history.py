"""What is read from a real server is what the simulation knows of the same history."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.utils.watch.hand_written import (
    deployment,
    ends,
    happening,
    pool,
    run,
    schedule,
    usual,
)
from tests.utils.watch.history_form import DAY, HOUR, MINUTE, History
from tests.utils.watch.played_history import PlayedHistory
from tests.utils.watch.server_looks import due_at
from tests.utils.watch.simulation import View
from utils.watch.history import Memory
from utils.watch.judge import incidents, is_over
from utils.watch.prefect_history import PrefectHistory

READY = pool((0, "READY"))

Same = Callable[..., set[str]]


@pytest.fixture
def same(history_server) -> Same:
    """Function that looks at times, returns the kinds due at last, and compares each look."""

    def kinds(made: History, *times: int, restarted: bool = False) -> set[str]:
        played, reader = PlayedHistory(made, history_server), PrefectHistory(Memory())
        for time in times:
            if restarted:
                reader = PrefectHistory(Memory())
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "states, kinds",
    [
        (
            # It failed, and a person has started it again.
            "Scheduled 60, Pending 70, Running 80, Failed 100, AwaitingRetry 200",
            {"run-failed"},
        ),
        (
            "Scheduled 60, Pending 70, Running 80, Failed 100, AwaitingRetry 200,"
            " Pending 210",
            {"run-failed", "stuck-pending"},
        ),
        (
            # Its process did not start.
            "Scheduled 60, Pending 70, Crashed 100, AwaitingRetry 200, Pending 210,"
            " Running 230, Completed 300",
            {"run-failed", "recovered"},
        ),
        (
            "Scheduled 60, Pending 70, Crashed 100, AwaitingRetry 200, Pending 210,"
            " Crashed 230",
            {"run-failed"},
        ),
        (
            # A worker had it already.
            "Scheduled 60, Pending 70, Scheduled 100",
            set(),
        ),
        (
            "Scheduled 60, Pending 70, Scheduled 100, Late 120",
            set(),
        ),
        ("Scheduled 60, Late 76", {"late"}),
        ("Scheduled 60, AwaitingConcurrencySlot 70, Scheduled 100", {"late"}),
        ("Scheduled 60, AwaitingConcurrencySlot 70", set()),
        ("Scheduled 60, Pending 70, InfrastructurePending 500", {"stuck-pending"}),
    ],
)
def test_states_before_the_last_one(same, states, kinds):
    made = happening([run("r", states, expected=60)], pools=[READY])
    looks = [state.time for state in made.runs[0].states]
    assert same(made, *looks, HOUR) == kinds
    assert same(made, HOUR) == kinds


@pytest.mark.slow
def test_pools_and_schedules(same):
    paused = deployment(
        schedule(HOUR, 0, (0, True), (DAY, True), (2 * DAY, False), (3 * DAY, True)),
        paused=[(4 * DAY, True), (5 * DAY, False)],
    )
    statuses = pool(
        (0, "READY"), (HOUR, "NOT_READY"), (2 * HOUR, "PAUSED"), (3 * HOUR, "NOT_READY")
    )
    made = happening([], paused, pools=[statuses])
    changes = (HOUR, 2 * HOUR, 3 * HOUR, DAY, 2 * DAY, 3 * DAY, 4 * DAY)
    looks = (*changes, 5 * DAY - 1, 5 * DAY)
    times = sorted({0, *looks, *(look + 65 * MINUTE for look in looks)})
    assert same(made, *times) == {"no-success", "no-worker"}


@pytest.mark.slow
def test_a_pool_without_a_worker_stays_so_when_watch_is_started_anew(history_server):
    statuses = pool((0, "READY"), (HOUR, "NOT_READY"), (2 * HOUR, "READY"))
    played = PlayedHistory(happening(pools=[statuses]), history_server)
    reader = PrefectHistory(Memory())
    played.look(reader, HOUR)
    found = played.look(reader, HOUR + 6 * MINUTE)
    (opened,) = incidents(found)
    assert not is_over(opened, found)
    anew = PrefectHistory(reader.memory)
    assert not is_over(opened, played.look(anew, HOUR + 7 * MINUTE))
    assert is_over(opened, played.look(anew, 2 * HOUR))


@pytest.mark.slow
def test_a_pause_promises_nothing_when_watch_is_started_anew(history_server):
    paused = deployment(schedule(DAY, 0), paused=[(HOUR, True), (3 * DAY + 9, False)])
    made = happening([], paused, pools=[READY])
    played, reader = PlayedHistory(made, history_server), PrefectHistory(Memory())
    for time in (HOUR, 3 * DAY + 8):
        played.look(reader, time)
    anew = played.look(PrefectHistory(reader.memory), 3 * DAY + HOUR)
    assert due_at(anew) == set()
    assert due_at(played.look(PrefectHistory(Memory()), 3 * DAY + HOUR)) != set()
