"""Rules on values, against plain Python that does the same row by row."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from utils.promises.rules import Accepted, Between, NotNull, Unique


def broken(rule, *batches: pa.Table) -> list[list[int]]:
    """Return the numbers of the rows of each batch that break the rule."""
    check = rule.check(at_once=True)
    masks = [check.broken(batch) for batch in batches]
    return [
        [n for n, value in enumerate(mask.to_pylist()) if value] if mask else []
        for mask in masks
    ]


def column(*values, type=None) -> pa.Table:
    return pa.table({"pet": pa.array(values, type)})


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
        (Unique(("pet",)), column("Rex", "Tom", "Rex", None, None, "Rex"), [2, 5]),
        (Unique(("pet",)), column(type=pa.int64()), []),
        (Unique(("pet",)), column(None, None, type=pa.int64()), []),
    ],
)
def test_rows_that_break_a_rule(rule, batch, rows):
    assert broken(rule, batch) == [rows]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("columns", [("pet",), ("pet", "owner")])
@pytest.mark.parametrize("rises", [True, False])
def test_keys_come_once_in_all_batches(seed, columns, rises):
    rng = random.Random(seed)
    rows = [
        {
            "pet": rng.choice([None, *range(40)]),
            "owner": rng.choice([None, "Ada", "Tom"]),
        }
        for _ in range(60)
    ]
    if rises:
        rows.sort(key=lambda row: (row["pet"] or 0, row["owner"] or ""))
    types = pa.schema({"pet": pa.int64(), "owner": pa.string()})
    batches, expected, seen = [], [], set()
    for start in range(0, len(rows), 7):
        part = rows[start : start + 7]
        batches.append(pa.Table.from_pylist(part, types))
        expected.append([])
        for number, row in enumerate(part):
            key = tuple(row[name] for name in columns)
            if None not in key and key in seen:
                expected[-1].append(number)
            seen.add(key)

    rule = Unique(columns)
    assert broken(rule, *batches) == expected
    assert broken(rule, batches[0]) == [expected[0]]  # a new load knows nothing
    late = rule.check(at_once=False)
    found = sum(pc.sum(mask).as_py() for each in batches if (mask := late.broken(each)))
    # at the end all are known, but where keys rise repeats are within their batches
    assert max(found, late.broken_in_all()[0]) == sum(map(len, expected))


def test_keys_whose_joined_texts_are_equal_differ():
    batch = pa.table({"a": ["x", "xy"], "b": ["yz", "z"]})
    assert broken(Unique(("a", "b")), batch) == [[]]


def test_words():
    assert NotNull(("pet",)).words == "pet is not NULL"
    assert Between(("legs",), 0, None).words == "legs is at least 0"
    assert Between(("legs",), None, 4).words == "legs is at most 4"
    assert Between(("legs",), 0, 4).words == "legs is between 0 and 4"
    assert Accepted(("pet",), ("cat", "dog")).words == "pet is one of cat, dog"
    assert Unique(("pet",)).words == "pet comes once in a load"
