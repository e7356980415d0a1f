"""Following a pipeline through its steps."""

from __future__ import annotations

import logging

import dlt
import pytest

from utils.runs.load_progress import LoadProgress, Progress


@pytest.mark.parametrize(
    "progress, percent",
    [
        (Progress("Extract"), 0),
        (Progress("Extract", done=1, total=2), 100 / 6),
        (Progress("Normalize"), 100 / 3),
        (Progress("Load", done=3, total=4), 100 * 2.75 / 3),
        (Progress("Load", done=5, total=4), 100),
    ],
)
def test_percent_of_all_three_steps(progress, percent):
    assert progress.percent == pytest.approx(percent)


def test_a_real_run_is_followed_from_start_to_end(warehouse, caplog):
    shown: list[tuple[str, float, int]] = []
    follow = LoadProgress(lambda now: shown.append((now.step, now.percent, now.rows)))
    pipeline = dlt.pipeline(
        "pets", destination=dlt.destination("warehouse"), progress=follow
    )

    with caplog.at_level(logging.INFO, "utils.runs.load_progress"):
        pipeline.run([{"name": "Rex"}, {"name": "Tom"}], table_name="pets")

    percents = [percent for _, percent, _ in shown]
    assert [step for step in dict.fromkeys(step for step, *_ in shown)] == [
        "Extract",
        "Normalize",
        "Load",
    ]
    assert percents[0] == 0 and percents[-1] == pytest.approx(100)
    assert ("Extract", 2) in {(step, rows) for step, _, rows in shown}
    lines = [record.message.rpartition(" in ")[0] for record in caplog.records]
    assert lines == ["Extract: 2 rows", "Normalize: 2 rows", "Load: 2 jobs"]


def test_parts_of_a_counter_are_not_counted_twice():
    """dlt counts a failed job among the jobs, and again under a label."""
    shown: list[Progress] = []
    follow = LoadProgress(shown.append)
    follow._start("Load pets in 1795292555.26")
    follow.update("Jobs", inc=0, total=4)
    follow.update("Jobs", inc=1)
    follow.update(
        "Jobs", inc=1, message="WARNING: Some of the jobs failed!", label="Failed"
    )
    assert (shown[-1].done, shown[-1].total) == (1, 4)
