"""A flow's command line, made from its signature."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import pytest
from prefect import flow
from pydantic import Field

from utils.command_line import run_from_command_line

ran_with: list[tuple] = []


@flow(name="feed_pets")
def feed_pets(
    start: date,
    refresh: bool = False,
    days: Annotated[int, Field(ge=1)] = 7,
    how: Literal["slow", "fast"] = "slow",
) -> str:
    """Feed all pets.

    Args:
        start: The first day, as 2024-12-31.
        refresh: Fetch fresh food.
        days: How many days to feed.
        how: How they eat.
    """
    ran_with.append((start, refresh, days, how))
    if days == 13:
        raise ValueError("Nobody feeds 13 days: choose another number.")
    return "fed"


def run(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    """Exit code, and what was printed, whitespace and borders folded."""
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
        *(capsys, "--start", "2024-12-31", "--refresh", "--days", "3", "--how", "fast")
    )
    assert (code, out) == (0, "fed")
    assert ran_with == [(date(2024, 12, 31), True, 3, "fast")]


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
    ],
)
def test_a_bad_value_is_answered_in_plain_words(capsys, arguments, answer):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and ran_with == []
    assert answer in err
    assert "pydantic" not in err and "Traceback" not in err


def test_a_failed_flow_ends_with_its_error_and_code_1(capsys, prefect_api):
    code, out, err = run(capsys, "--start", "2024-12-31", "--days", "13")
    assert code == 1
    assert err.endswith(
        "Nobody feeds 13 days: choose another number. ╰" + "─" * 78 + "╯"
    )
