"""An incident that lasts: its repeated opening, when its place refuses it or is slow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from utils.watch.history import History, WorkPool
from utils.watch.judge import NOT_READY_FOR, Kind
from utils.watch.letters import REMINDER_AFTER, Action, Key, Outbox, Sent

OPENED = datetime(2026, 11, 20, 12, tzinfo=UTC)
REPEATED = OPENED + REMINDER_AFTER + timedelta(seconds=1)
KEY = Key(Action.OPEN, Kind.NO_WORKER, "work-pool.production", OPENED)
OPENING = Sent(KEY, OPENED, 1, {}, accepted=True)


def lasting(now: datetime) -> History:
    return History(now, pools=(WorkPool("production", OPENED - NOT_READY_FOR),))


def letters(sent: list[Sent], history: History) -> list[tuple[Action, int]]:
    return [(each.key.action, each.attempt) for each in Outbox(sent).letters(history)]


@pytest.mark.parametrize(
    "before, begin", [([], OPENED), ([OPENING], REPEATED)], ids=["first", "repeated"]
)
def test_a_refused_opening_is_sent_again_each_time_under_a_new_number(before, begin):
    sent = [*before]
    for seconds in range(0, 1200, 30):
        now = begin + timedelta(seconds=seconds)
        for letter in Outbox(sent).letters(lasting(now)):
            if letter.key == KEY:
                accepted = seconds > 300
                sent.append(Sent(KEY, now, letter.attempt, {}, accepted))

    tries = sent[len(before) :]
    assert [(each.at - begin).seconds for each in tries] == [0, 60, 180, 300, 420]
    attempts = [each.attempt for each in sent]
    assert attempts == [*range(1, len(sent) + 1)]


def test_a_repeated_opening_that_is_not_answered_yet_is_waited_for():
    history = lasting(REPEATED + timedelta(seconds=30))
    repeated = Sent(KEY, REPEATED, 2, {})
    assert letters([OPENING], history) == [(Action.OPEN, 2)]
    assert letters([OPENING, repeated], history) == []


def test_an_incident_whose_repeated_opening_was_refused_is_resolved():
    refused = Sent(KEY, REPEATED, 2, {}, accepted=False)
    history = lasting(REPEATED + timedelta(minutes=1))
    over = replace(history, pools=(WorkPool("production", None),))
    assert letters([OPENING, refused], history) == [(Action.OPEN, 3)]
    assert letters([OPENING, refused], over) == [(Action.RESOLVE, 1)]
