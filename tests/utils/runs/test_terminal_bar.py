"""The bar below the log's lines."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from rich.console import Console

import utils.runs.terminal_bar
from utils.runs.terminal_bar import terminal_bar


@dataclass
class Feeding:
    step = "Feed"
    percent = 50.0
    detail = "7 pets"


@dataclass
class Handler:
    console: Console


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_a_terminal_shows_it(monkeypatch, is_terminal):
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=80)
    handler = Handler(console)
    monkeypatch.setattr(utils.runs.terminal_bar, "console_handler", lambda: handler)
    with terminal_bar() as show:
        show(Feeding())
    shown = console.file.getvalue()
    assert ("Feed" in shown and "━" in shown and "7 pets" in shown) == is_terminal
    assert is_terminal or shown == ""
