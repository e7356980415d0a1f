"""Progress of a load: its figures, and what a terminal shows of them."""

from __future__ import annotations

import logging
import os
import pty
import re
import subprocess
import sys

import dlt
import pytest

from tests.repository.tree import ROOT
from utils.runs.load_progress import LoadProgress, StepProgress

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "progress, percent",
    [
        (StepProgress("Extract"), 0),
        (StepProgress("Extract", done=1, total=2), 100 / 6),
        (StepProgress("Normalize"), 100 / 3),
        (StepProgress("Load", done=3, total=4), 100 * 2.75 / 3),
        (StepProgress("Load", done=5, total=4), 100),
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
    shown: list[StepProgress] = []
    follow = LoadProgress(shown.append)
    follow._start("Load pets in 1795292555.26")
    follow.update("Jobs", inc=0, total=4)
    follow.update("Jobs", inc=1)
    follow.update(
        "Jobs", inc=1, message="WARNING: Some of the jobs failed!", label="Failed"
    )
    assert (shown[-1].done, shown[-1].total) == (1, 4)


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_shows_a_bar_and_then_the_table(prefect_api, warehouse, columns):
    """A real process at a pseudo-terminal."""
    shown = in_terminal([sys.executable, "-m", "flows.exchange_rates"], columns)

    assert "\x1b[?25l" in shown, "a bar hides the cursor"
    assert re.search(r"(Extract|Load) .*━.* rows", shown)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "exchange_rates" in text.replace("\n", "").replace(" ", "")
    assert re.search(r"221,702|\d{3},\d{3}", text)
    assert "FROM dev_exchange_rates.exchange_rates" in text, "the command is not cut"


def in_terminal(command: list[str], columns: int) -> str:
    """Return the output of a command in a terminal of this width."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode().replace("\r\n", "\n")
