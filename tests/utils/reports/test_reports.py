"""A report of any kind, as lines in a pipe, a table in a terminal, and an artifact."""

from __future__ import annotations

import io
from typing import Any, Iterator

import pytest
from rich.console import Console

from utils.reports import Fact, Report

ADDRESS = "http://127.0.0.1:4200/runs/1"
COMMAND = "feed --pet Rex --food 'all that is left of the [bold] fish' --until full"


class Feeding(Report):
    columns = {
        "pet": "text",
        "meals": "count",
        "food": "bytes",
        "lasted": "seconds",
        "remarks": "lists",
        "run": "link",
    }
    key = "feeding"
    summary = "Fed 2 pets"

    def cells(self) -> Iterator[tuple[Any, ...]]:
        yield "Rex [dog]", 1234567, 2_000_000, 1234.56, (
            ("new habits", ("growls", "bites")),
        ), ADDRESS
        yield "Tom", 0, 12, 0, (), None

    def facts(self) -> Iterator[Fact]:
        yield Fact("note", "a cat was added, which nobody had seen before that day")
        yield Fact("again", COMMAND, to_copy=True)


@pytest.fixture(params=[60, 100])
def shown(request: pytest.FixtureRequest) -> list[str]:
    """Lines of a terminal of so many columns."""
    file = io.StringIO()
    Console(file=file, width=request.param).print(Feeding(), crop=False)
    return file.getvalue().splitlines()


def test_lines():
    assert str(Feeding()).splitlines() == [
        "pet: Rex [dog], 1,234,567 meals, 2,000,000 bytes, 1,234.6 s,"
        f" remarks: new habits: growls, bites, {ADDRESS}",
        "pet: Tom, 0 meals, 12 bytes, 0.0 s",
        "Fed 2 pets",
        "note: a cat was added, which nobody had seen before that day",
        f"again: {COMMAND}",
    ]


def test_numbers_stay_whole_in_a_terminal(shown):
    text = "\n".join(shown)
    assert "1,234,567" in text and "2.0 MB" in text and "1,234.6" in text
    assert "[dog]" in "".join(text.split())


def test_a_command_stays_in_one_line_of_a_terminal(shown):
    assert shown[0] == "Fed 2 pets"
    assert shown[-1] == f"again  {COMMAND}"


def test_a_wide_terminal_shows_a_line_per_row():
    file = io.StringIO()
    Console(file=file, width=100).print(Feeding())
    lines = [line.split() for line in file.getvalue().splitlines()]
    assert ["Pet", "Meals", "Size", "Lasted", "Remarks", "Run"] in lines
    assert ["Tom", "0", "12", "bytes", "0.0", "none", "none"] in lines
    assert any(line[-4:-1] == ["habits:", "growls,", "bites"] for line in lines)


def test_records():
    rex, tom = Feeding().records()
    assert rex == {
        "pet": "Rex [dog]",
        "meals": "1,234,567",
        "size": "2.0 MB",
        "lasted": "1,234.6",
        "remarks": "new habits",
        "run": f"[run]({ADDRESS})",
    }
    assert (tom["remarks"], tom["run"]) == ("none", "none")


def test_description():
    assert Feeding().description().splitlines() == [
        "**Fed 2 pets**",
        "",
        "- note: a cat was added, which nobody had seen before that day",
        f"- again: `{COMMAND}`",
        "- remarks of Rex [dog], new habits:",
        "    - growls",
        "    - bites",
    ]
