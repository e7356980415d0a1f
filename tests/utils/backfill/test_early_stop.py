"""When a backfill starts no more chunks. On a real server: tests/flows/test_backfill.py."""

from __future__ import annotations

from datetime import date
from typing import Callable

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Crashed, Failed

from tests.utils.backfill.test_progress import run
from utils.backfill.chunks import chunks_of
from utils.backfill.early_stop import EarlyStop, normalised
from utils.backfill.progress import BackfillProgress

Outcome = Callable[[int], State]


def started(outcome: Outcome, chunks: int, at_once: int) -> tuple[list[int], bool]:
    """Return the chunks in the order of their starts, and whether the backfill stopped.

    Args:
        outcome: State in which the run of a chunk ends, by the chunk's number.
        chunks: Number of chunks.
        at_once: Chunks that run at the same time, and end together.
    """
    progress = BackfillProgress(chunks_of(date(2024, 1, 1), date(2024, 1, chunks), 1))
    early_stop, order = EarlyStop(progress, at_once), []
    while progress.goes_on:
        for each in early_stop.to_start():
            number = progress.chunks.index(each) + 1
            each.run, each.starts = run(outcome(number)), each.starts + 1
            order.append(number)
    return order, progress.was_stopped


def wrong_key(number: int) -> State:
    return Failed(
        message=f"2024-01-{number:02}: 401 Unauthorized, request {number * 7}"
    )


@pytest.mark.parametrize(
    "at_once, tried", [(1, [1, 2, 9]), (2, [1, 2, 9]), (4, [1, 2, 3, 4, 9])]
)
def test_after_failures_that_are_alike_the_last_chunk_is_tried(at_once, tried):
    assert started(wrong_key, 9, at_once) == (tried, True)


@pytest.mark.parametrize(
    "outcome",
    [
        lambda number: Completed() if number == 1 else wrong_key(number),
        lambda number: Completed() if number == 9 else wrong_key(number),
        lambda number: Failed(message=f"reason {chr(64 + number)}"),
        lambda number: Crashed(message="x") if number % 2 else Failed(message="y"),
        lambda number: Cancelled(),
    ],
    ids=[
        "first succeeds",
        "last succeeds",
        "other reasons",
        "two reasons",
        "cancelled",
    ],
)
def test_otherwise_all_chunks_are_started(outcome):
    order, was_stopped = started(outcome, 9, 2)
    assert set(order) == set(range(1, 10)) and not was_stopped


def test_chunks_that_crash_alike_are_started_three_times_each():
    order = [1, 1, 1, 2, 2, 2, 9, 9, 9]
    assert started(lambda _: Crashed(message="no image"), 9, 1) == (order, True)


def test_a_range_without_more_chunks_is_not_called_stopped():
    assert started(wrong_key, 3, 4) == ([1, 2, 3], False)


@pytest.mark.parametrize(
    "one, other, alike",
    [
        ("no rates of 2024-01-01", "no rates of 2023-12-31", True),
        ("1,000.5 of 7 rows at 10:00:00.1Z", "2 of 70 rows at 09:59:00Z", True),
        (
            "run 0f0e0d0c-1111-4222-8333-444455556666",
            "run a1b2c3d4-1111-4222-8333-444455556667",
            True,
        ),
        ("401 Unauthorized", "403 Forbidden", False),
    ],
)
def test_reasons_are_compared_without_days_numbers_and_ids(one, other, alike):
    assert (normalised(one) == normalised(other)) == alike
