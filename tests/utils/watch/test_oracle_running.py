"""Runs that run too long, as the oracle finds them in histories written by hand."""

from __future__ import annotations

import pytest

from tests.utils.watch.hand_written import ends, happening, opened, run, told, usual
from tests.utils.watch.history_form import DAY

# Limits of running: three times 100 s and 15 minutes.
LIMIT = 300 + 900
AFTER = 10 * DAY


@pytest.mark.parametrize("lengths", [(), (100,), (100, 100)])
def test_no_run_is_long_without_a_usual_duration(lengths: tuple[int, ...]) -> None:
    long = run("r", f"Running {AFTER}, Completed {AFTER + 5 * DAY}")
    assert told(happening([*usual(*lengths), long])) == []


@pytest.mark.parametrize(
    "states, due",
    [
        ([("Running", 0), ("Completed", LIMIT - 60)], []),
        ([("Running", 0), ("Completed", LIMIT)], []),
        ([("Running", 0), ("Completed", LIMIT + 60)], [LIMIT + 1]),
        ([("Running", 0)], [LIMIT + 1]),
        # the time of the flow's own retries counts
        (
            [("Running", 0), ("AwaitingRetry", 600), ("Retrying", 700)],
            [LIMIT + 1],
        ),
        # not told while it waits for a retry
        (
            [("Running", 0), ("AwaitingRetry", 600), ("Retrying", LIMIT + 500)],
            [LIMIT + 500],
        ),
        (
            [("Running", 0), ("AwaitingRetry", 600), ("Cancelled", LIMIT + 500)],
            [],
        ),
        # a person's start begins anew
        (
            [
                ("Running", 0),
                ("Failed", LIMIT - 60),
                ("AwaitingRetry", LIMIT),
                ("Running", LIMIT + 60),
                ("Completed", 2 * LIMIT),
            ],
            [],
        ),
        (
            [
                ("Running", 0),
                ("Failed", LIMIT + 60),
                ("AwaitingRetry", LIMIT + 70),
                ("Running", LIMIT + 80),
                ("Completed", 2 * LIMIT + 300),
            ],
            [LIMIT + 1, 2 * LIMIT + 81],
        ),
        # pending does not count
        ([("Pending", 0), ("Running", 800), ("Completed", LIMIT + 800)], []),
    ],
)
def test_a_run_that_runs_longer_than_its_limit_is_told(
    states: list[tuple[str, int]], due: list[int]
) -> None:
    text = ", ".join(f"{name} {AFTER + time}" for name, time in states)
    history = happening([*usual(50, 100, 900), run("r", text)])
    found = opened(history, "running-long")
    assert found == [("running-long", "r", AFTER + x) for x in due]


def test_the_usual_duration_is_that_at_the_start_of_running() -> None:
    # The third success ends a second before the run begins, or with it.
    early = run("e", f"Running {AFTER - 100}, Completed {AFTER}")
    for began, due in ((AFTER + 1, [AFTER + 1 + LIMIT + 1]), (AFTER, [])):
        history = happening([*usual(100, 100), early, run("r", f"Running {began}")])
        assert opened(history) == [("running-long", "r", x) for x in due]


def test_the_usual_duration_is_of_the_last_20_successes() -> None:
    lengths = [5000] * 25 + [40] * 9 + [100] * 11
    begins = 50 * DAY
    runs = [*usual(*lengths), run("r", f"Running {begins}")]
    found = opened(happening(runs, end=60 * DAY), "running-long")
    assert [row for row in found if row[1] == "r"] == [
        ("running-long", "r", begins + LIMIT + 1)
    ]


def test_failures_and_cancelled_runs_do_not_make_a_usual_duration() -> None:
    rows = [("Failed", 100), ("Cancelled", 200), ("Crashed", 300), ("Completed", 400)]
    history = happening([*ends(*rows), run("r", "Running 500")])
    assert opened(history, "running-long") == []


@pytest.mark.parametrize(
    "states",
    [
        "Running {0}00, AwaitingRetry {0}40, Retrying {0}60, Completed {1}00",
        "Running {0}00, Failed {0}10, AwaitingRetry {0}20, Running {1}00, "
        "Completed {2}00",
    ],
)
def test_a_usual_duration_counts_own_retries_but_nothing_before_a_restart(
    states: str,
) -> None:
    before = [run(f"u{n}", states.format(n, n + 1, n + 2)) for n in (10, 20, 30)]
    history = happening([*before, run("r", f"Running {DAY}")])
    assert opened(history, "running-long") == [("running-long", "r", DAY + LIMIT + 1)]
