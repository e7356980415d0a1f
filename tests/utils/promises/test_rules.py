"""Rules on values, against plain Python that does the same row by row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.utils.promises.masks import broken, column
from utils.promises.rules import Accepted, Between, NotNull


@pytest.mark.parametrize(
    "rule, batch, rows",
    [
        (NotNull(("pet",)), column("Rex", None, ""), [1]),
        (NotNull(("pet",)), column("Rex", ""), []),
        (Between(("pet",), 0, 10), column(-1, 0, 10, 11, None), [0, 3]),
        (Between(("pet",), 0, None), column(-1, 10**9), [0]),
        (Between(("pet",), None, 2.5), column(2.5, 3.0, float("nan")), [1, 2]),
        (
            Between(("pet",), 0, Decimal("9.99")),
            column(Decimal("9.99"), Decimal("10.00")),
            [1],
        ),
        (
            Between(("pet",), date(2026, 1, 1), None),
            column(date(2025, 12, 31), date(2026, 1, 1)),
            [0],
        ),
        (Accepted(("pet",), ("cat", "dog")), column("cat", "cow", None, "Cat"), [1, 3]),
        (Accepted(("pet",), (1, 2)), column(1, 3, type=pa.int32()), [1]),
        (Accepted(("pet",), (0.5, 1, "one")), column(1, 3, type=pa.int8()), [1]),
        (
            Accepted(("pet",), ("cat",)),
            pa.table({"pet": pa.array(["cat", "cow"]).dictionary_encode()}),
            [1],
        ),
    ],
)
def test_rows_that_break_a_rule(rule, batch, rows):
    assert broken(rule, batch) == [rows]


def test_words():
    assert NotNull(("pet",)).words == "pet is not NULL"
    assert Between(("legs",), 0, None).words == "legs is at least 0"
    assert Between(("legs",), None, 4).words == "legs is at most 4"
    assert Between(("legs",), 0, 4).words == "legs is between 0 and 4"
    assert Accepted(("pet",), ("cat", "dog")).words == "pet is one of cat, dog"
