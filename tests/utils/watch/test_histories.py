"""Histories by seeds: they are as their form says, and the same for the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.utils.watch.histories import MOST_RUNS, history
from tests.utils.watch.history_clear import is_clear
from tests.utils.watch.history_counts import FATES, occurrences
from tests.utils.watch.history_form import DAY, History, Window
from tests.utils.watch.oracle import INCIDENTS, due

SEEDS = range(12)


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return [history(seed) for seed in SEEDS]


def test_a_seed_has_one_history(histories: list[History]) -> None:
    assert history(3) == histories[3]
    assert histories[2] != histories[3]


def test_histories_have_their_size(histories: list[History]) -> None:
    for each in histories:
        assert 14 * DAY <= each.end <= 28 * DAY
        assert 2 <= len(each.deployments) <= 6
        assert 0 < len(each.runs) <= MOST_RUNS


def test_all_times_are_in_order_and_before_the_end(histories: list[History]) -> None:
    for each in histories:
        rows = [
            *[[state.time for state in run.states] for run in each.runs],
            *[[load.time for load in table.loads] for table in each.tables],
            *[[status.time for status in pool.statuses] for pool in each.pools],
            *[[change.time for change in own.paused] for own in each.deployments],
            *[
                [change.time for change in schedule.active]
                for own in each.deployments
                for schedule in own.schedules
            ],
        ]
        for times in rows:
            assert all(one < other for one, other in pairwise(times))
            assert all(0 <= time <= each.end for time in times)


def test_outages_are_apart_and_over_before_the_end(histories: list[History]) -> None:
    for each in histories:
        for windows in (each.down, *each.refusals.values()):
            assert all(one.stop < other.start for one, other in pairwise(windows))
            assert all(Window(0, 0) <= one and one.stop < each.end for one in windows)


def test_ids_are_known_and_unique(histories: list[History]) -> None:
    for each in histories:
        runs = [run.id for run in each.runs]
        deployments = {deployment.id for deployment in each.deployments}
        assert len(set(runs)) == len(runs)
        assert {run.deployment for run in each.runs} <= deployments
        assert {own.pool for own in each.deployments} == {p.name for p in each.pools}


def test_nothing_is_due_in_the_last_ten_minutes_or_by_chance(
    histories: list[History],
) -> None:
    assert all(is_clear(each) for each in histories)


def test_no_subject_has_two_incidents_at_once(histories: list[History]) -> None:
    for each in histories:
        answer = due(each)
        for subject in {one.subject for one in answer if one.kind in INCIDENTS}:
            own = [one for one in answer if one.subject == subject]
            own = [one for one in own if one.kind in INCIDENTS]
            for one, other in pairwise(own):
                assert one.resolved is not None
                assert one.opened < one.resolved <= other.opened


def test_most_that_can_happen_happens_in_a_few_histories(
    histories: list[History],
) -> None:
    found = occurrences(histories)
    assert sum(found[row] > 0 for row in FATES) > len(FATES) * 0.7
