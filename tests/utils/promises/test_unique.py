"""Keys that come once in a load, against plain Python that compares row by row."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.utils.promises.masks import broken, column
from utils.promises.unique import Unique


@pytest.mark.parametrize(
    "batch, rows",
    [
        (column("Rex", "Tom", "Rex", None, None, "Rex"), [2, 5]),
        (column(type=pa.int64()), []),
        (column(None, None, type=pa.int64()), []),
    ],
)
def test_rows_whose_key_came_before(batch, rows):
    assert broken(Unique(("pet",)), batch) == [rows]


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
    assert Unique(("pet",)).words == "pet comes once in a load"
    assert Unique(("a", "b")).words == "a and b together come once in a load"
