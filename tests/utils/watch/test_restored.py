"""What is due after Prefect's database was restored from an old backup."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from utils.watch.history import (
    Deployment,
    History,
    Restored,
    Run,
    Schedule,
    State,
    Table,
    WorkPool,
)
from utils.watch.judge import NOT_READY_FOR, SUCCESS_WITHIN, incidents, messages

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BACKUP = datetime(2026, 11, 20, 12, tzinfo=UTC)
RESTORED = BACKUP + 2 * DAY
USUAL = timedelta(minutes=10)


def completed(at: datetime) -> Run:
    states = (
        State(at - USUAL, "RUNNING", "Running"),
        State(at, "COMPLETED", "Completed"),
    )
    return Run("1", "one", at, states)


LOADS = Deployment(
    "1",
    "products/production",
    tuple(completed(BACKUP - each * HOUR) for each in range(1, 4)),
)
GOING = Run("2", "two", BACKUP, (State(BACKUP, "RUNNING", "Running"),))
DAILY = Schedule(lambda after: after + DAY, since=BACKUP - 9 * DAY)


@pytest.mark.parametrize(
    "about, due_after",
    [
        (
            {"deployments": (replace(LOADS, schedules=(DAILY,)),)},
            DAY + SUCCESS_WITHIN + USUAL,
        ),
        ({"tables": (Table("a", BACKUP, 3 * HOUR, loaded=BACKUP),)}, 3 * HOUR),
        ({"pools": (WorkPool("production", BACKUP),)}, NOT_READY_FOR),
    ],
    ids=["success", "table", "worker"],
)
def test_what_was_promised_is_due_as_if_it_had_been_kept_until_the_restore(
    about, due_after
):
    history = History(RESTORED, **about)
    assert list(incidents(history))
    history = replace(history, restored=Restored(BACKUP, RESTORED))
    assert not list(incidents(history))
    later = replace(history, now=RESTORED + due_after)
    assert [each.due for each in incidents(later)] == [RESTORED + due_after]


def test_a_table_that_was_loaded_since_is_judged_as_ever():
    loaded = RESTORED + HOUR
    table = Table("a", BACKUP, 3 * HOUR, loaded=loaded)
    history = History(loaded, tables=(table,), restored=Restored(BACKUP, RESTORED))
    assert [each.due for each in incidents(history)] == [loaded]


def test_a_run_that_was_going_does_not_take_long_since_the_backup():
    loads = replace(LOADS, runs=(*LOADS.runs, GOING))
    history = History(RESTORED, deployments=(loads,))
    assert [str(each.kind) for each in messages(history)] == ["running-long"]
    assert not list(messages(replace(history, restored=Restored(BACKUP, RESTORED))))
