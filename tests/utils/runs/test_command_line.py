"""A flow's command line, made from its signature."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from cyclopts import App
from prefect import flow
from pydantic import Field

from tests.repository.tree import ROOT
from tests.servers.python import python
from utils.errors import ClearError
from utils.runs.command_line import option_error, run_commands, run_from_command_line

ran_with: list[tuple] = []


@flow(name="feed_pets")
def feed_pets(
    *,
    start: date,
    refresh: bool = False,
    days: Annotated[int, Field(ge=1)] = 7,
    how: Literal["slow", "fast"] = "slow",
    food: dict[str, Any] | None = None,
) -> str:
    """Feed all pets.

    Args:
        start: The first day, as 2024-12-31.
        refresh: Fetch fresh food.
        days: How many days to feed.
        how: How they eat.
        food: What they eat, as JSON.
    """
    ran_with.append((start, refresh, days, how, food))
    if days == 13:
        raise ClearError("Nobody feeds 13 days: choose another number.")
    if days == 14:
        raise LookupError("a fault in the code")
    if days == 15:
        raise KeyboardInterrupt
    return "fed"


def run(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    """Return the exit code and the output, whitespace and borders folded."""
    code = 0
    ran_with.clear()
    try:
        run_from_command_line(feed_pets, arguments)
    except SystemExit as exit:
        code = exit.code
    out, err = (
        " ".join(text.replace("│", " ").split()) for text in capsys.readouterr()
    )
    return code, out, err


def test_help_shows_each_parameter_with_its_description(capsys):
    code, out, err = run(capsys, "--help")
    assert code == 0 and ran_with == []
    assert "Usage: python -m flows.feed_pets" in out
    assert "Feed all pets." in out
    for name, description in [
        ("--start", "The first day, as 2024-12-31."),
        ("--refresh", "Fetch fresh food."),
        ("--days", "How many days to feed."),
        ("--how", "How they eat."),
    ]:
        assert name in out and description in out
    assert "[choices: slow, fast]" in out and "[default: 7]" in out


def test_options_are_typed_and_the_result_is_printed(capsys, prefect_api):
    code, out, _ = run(
        *(capsys, "--start", "2024-12-31", "--refresh", "--days", "3", "--how", "fast"),
        *("--food", '{"fish": 2, "fresh": true, "also": ["1.5", 1.5, null]}'),
    )
    assert (code, out) == (0, "fed")
    food = {"fish": 2, "fresh": True, "also": ["1.5", 1.5, None]}
    assert ran_with == [(date(2024, 12, 31), True, 3, "fast", food)]


@pytest.mark.parametrize(
    "arguments, answer",
    [
        ([], "--start requires an argument"),
        (["--start", "soon"], 'Invalid value for --start: unable to convert "soon"'),
        (
            ["--start", "2024-12-31", "--days", "0"],
            "Invalid value for --days. Input should be greater than or equal to 1.",
        ),
        (["--start", "2024-12-31", "--days", "many"], "Invalid value for --days"),
        (["--start", "2024-12-31", "--how", "odd"], 'Choose from: "slow", "fast"'),
        (["--start", "2024-12-31", "--colour", "x"], "Unknown option: --colour"),
        (["--start", "2024-12-31", "--food", "{"], "Invalid value for --food: Expect"),
        (["--start", "2024-12-31", "--food.fish", "2"], "Give keys and values as JSON"),
        (["--start", "2024-12-31", "5"], "Unused Tokens: ['5']"),
    ],
)
def test_a_wrong_option(capsys, arguments, answer):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and ran_with == []
    assert answer in err
    assert "pydantic" not in err and "Traceback" not in err


@pytest.mark.parametrize(
    "days, code, line, traceback",
    [
        ("13", 1, "error: Nobody feeds 13 days: choose another number.", False),
        ("14", 1, "error: a fault in the code", True),
        ("15", 130, "error: Interrupted. Run it again to finish.", False),
    ],
    ids=["clear error", "fault in the code", "Ctrl-C"],
)
def test_a_flow_that_fails(prefect_api, days, code, line, traceback):
    """Prefect logs to the standard error of a process, so that this is one."""
    script = "from tests.utils.runs.test_command_line import *; run_from_command_line("
    script += f"feed_pets, ['--start', '2024-12-31', '--days', '{days}'])"
    done = subprocess.run(
        [python(), "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == code
    assert line in done.stderr.splitlines()
    assert traceback or done.stderr.count(line.removeprefix("error: ")) == 1
    assert ("Traceback" in done.stderr) == traceback


@pytest.mark.parametrize(
    "argument, code, line",
    [
        ("7", 0, ""),
        ("13", 1, "error: Nobody feeds 13 days."),
        ("many", 2, "Invalid value for DAYS"),
    ],
)
@pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")
def test_commands(capsys, monkeypatch, argument, code, line):
    def feed(days: int) -> None:
        if days == 13:
            raise ClearError("Nobody feeds 13 days.")

    app = App(error_formatter=option_error, result_action="return_value")
    app.command(feed)
    monkeypatch.setattr(sys, "argv", ["pets", "feed", argument])
    exited = 0
    try:
        run_commands(app)
    except SystemExit as exit:
        exited = exit.code
    assert exited == code
    assert line in capsys.readouterr().err
