"""Watch in generated histories of weeks tells what the oracle says, once, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.utils.watch.histories import history
from tests.utils.watch.many_histories import TOLERANCE, differences, differences_of
from tests.utils.watch.oracle import Due, due
from tests.utils.watch.simulation import told
from utils.watch import judge

# These are small. `python -m tests.utils.watch.many_histories` judges a thousand.
SEEDS = (2, 5, 6, 8, 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history(seed):
    _, count, found = differences_of(seed)
    assert count and not found


@pytest.mark.parametrize(
    "name, value",
    [
        ("FAILURES_IN_A_ROW", 4),
        ("SUCCESS_WITHIN", judge.SUCCESS_WITHIN * 2),
        ("LATE_BY", judge.LATE_BY / 2),
    ],
)
def test_another_rule_is_noticed(name: str, value: Any, monkeypatch):
    monkeypatch.setattr(judge, name, value)
    assert any(list(differences(due(history(s)), told(history(s)))) for s in SEEDS)


def test_what_is_missed_false_twice_or_late_is_a_difference():
    wanted = [Due("no-success", "a", 100, 200), Due("late", "b", 100)]
    assert not list(differences(wanted, wanted))
    assert list(differences(wanted, wanted[:1]))
    assert list(differences(wanted, [*wanted, wanted[1]]))
    assert list(differences(wanted, [replace(wanted[0], opened=500), wanted[1]]))
    assert list(differences(wanted, [replace(wanted[0], resolved=None), wanted[1]]))


def test_what_is_told_no_more_in_a_moment_need_not_be_told():
    wanted = [Due("run-failed", "a", 1000, until=1000 + TOLERANCE)]
    assert not list(differences(wanted, []))
    assert list(differences([replace(wanted[0], until=1001 + TOLERANCE)], []))
