"""A range of days in chunks."""

from __future__ import annotations

from datetime import date

import pytest

from utils.backfill.chunks import Chunk, chunks_of
from utils.backfill.days import UnusableRange


@pytest.mark.parametrize(
    "first_day, last_day, days, chunks",
    [
        ("2024-02-28", "2024-02-28", 1, ["2024-02-28"]),
        ("2024-02-28", "2024-02-28", 30, ["2024-02-28"]),
        ("2024-02-28", "2024-03-01", 1, ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ("2024-02-28", "2024-03-01", 2, ["2024-02-28 to 2024-02-29", "2024-03-01"]),
        ("2024-02-28", "2024-03-01", 3, ["2024-02-28 to 2024-03-01"]),
        ("2023-12-31", "2024-01-03", 3, ["2023-12-31 to 2024-01-02", "2024-01-03"]),
        ("2024-01-01", "2024-12-31", 366, ["2024-01-01 to 2024-12-31"]),
    ],
)
def test_chunks_cover_the_range_without_gap_or_overlap(
    first_day, last_day, days, chunks
):
    found = chunks_of(date.fromisoformat(first_day), date.fromisoformat(last_day), days)
    assert [str(chunk) for chunk in found] == chunks


def test_a_chunk_is_two_parameters():
    assert Chunk(date(2024, 1, 1), date(2024, 1, 31)).parameters == {
        "first_day": "2024-01-01",
        "last_day": "2024-01-31",
    }


def test_a_range_that_grows_keeps_its_whole_chunks():
    """Chunks that were done in a shorter range are not done again."""
    start = date(2024, 1, 1)
    shorter = chunks_of(start, date(2024, 1, 24), 10)
    longer = chunks_of(start, date(2024, 3, 1), 10)
    assert longer[:2] == shorter[:2]


def test_a_range_that_is_not_over_is_refused():
    with pytest.raises(UnusableRange):
        chunks_of(date(2024, 1, 1), date.max, 1)
