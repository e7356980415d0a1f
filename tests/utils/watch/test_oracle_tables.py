"""Stale tables and pools without a worker that the oracle finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.utils.watch.hand_written import WATCHED, happening, pool, table, told
from tests.utils.watch.history_form import MINUTE


@pytest.mark.parametrize(
    "loads, found",
    [
        ([], []),
        ([(1000, 900)], [(4500, None)]),
        ([(1000, 900), (4440, 4400)], [(8000, None)]),
        ([(1000, 900), (4560, 4400), (7900, 7900)], [(4500, 4560), (11500, None)]),
        # too old already, at its promise or older
        ([(5000, 900)], [(5000, None)]),
        ([(4500, 900)], [(4500, None)]),
        ([(4499, 900)], [(4500, None)]),
        # empty loads change nothing
        ([(1000, 900), (2000, 900), (5000, 900)], [(4500, None)]),
        # newer, but too old
        ([(1000, 900), (9000, 5000)], [(4500, None)]),
        ([(1000, 900), (9000, 5000), (9900, 9800)], [(4500, 9900), (13400, None)]),
        # a full reload brings an older value: still good, then too old
        ([(1000, 900), (2000, 100)], [(3700, None)]),
        ([(4000, 3900), (5000, 1000)], [(5000, None)]),
        ([(4000, 3900), (5000, 1000), (5100, 5000)], [(5000, 5100), (8600, None)]),
    ],
)
def test_a_table_is_stale_when_its_newest_value_is_too_old(
    loads: list[tuple[int, int]], found: list[tuple[int, int | None]]
) -> None:
    history = happening(tables=[table(3600, *loads)])
    assert told(history) == [("stale-table", "t", *times) for times in found]


def test_a_table_without_a_promise_is_never_stale() -> None:
    assert told(happening(tables=[table(None, (1000, 900))])) == []


# Pools


@pytest.mark.parametrize(
    "statuses, found",
    [
        ([(0, "READY"), (1000, "NOT_READY"), (1240, "READY")], []),
        ([(0, "READY"), (1000, "NOT_READY"), (1300, "READY")], []),
        ([(0, "READY"), (1000, "NOT_READY"), (1360, "READY")], [(1300, 1360)]),
        ([(1000, "NOT_READY")], [(1300, None)]),
        ([(1000, "NOT_READY"), (5000, "PAUSED")], [(1300, 5000)]),
        ([(1000, "NOT_READY"), (1180, "PAUSED"), (1240, "NOT_READY")], [(1540, None)]),
        (
            [
                (1000, "NOT_READY"),
                (1180, "READY"),
                (1200, "NOT_READY"),
                (1440, "READY"),
            ],
            [],
        ),
        ([(1000, "NOT_READY"), (1180, "NOT_READY"), (5000, "READY")], [(1300, 5000)]),
        ([(0, "PAUSED")], []),
    ],
)
def test_a_pool_without_a_worker_for_five_minutes_is_an_incident(
    statuses: list[tuple[int, str]], found: list[tuple[int, int | None]]
) -> None:
    history = happening(pools=[pool(*statuses)])
    assert told(history) == [("no-worker", "p", *times) for times in found]


def test_only_pools_of_deployments_with_the_tag_count() -> None:
    other = replace(WATCHED, id="e", tags=(), pool="q")
    pools = [pool((1000, "NOT_READY"), name=name) for name in ("p", "q", "r")]
    history = happening((), WATCHED, replace(WATCHED, id="f"), other, pools=pools)
    assert told(history) == [("no-worker", "p", 1000 + 5 * MINUTE, None)]
