"""What a terminal shows of a load: a real process at a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tests.repository.tree import ROOT


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_shows_a_bar_and_then_the_table(prefect_api, warehouse, columns):
    shown = in_terminal([sys.executable, "-m", "flows.exchange_rates"], columns)

    assert "\x1b[?25l" in shown, "a bar hides the cursor"
    assert re.search(r"(Extract|Load) .*━.* rows", shown)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "exchange_rates" in text.replace("\n", "").replace(" ", "")
    assert re.search(r"221,702|\d{3},\d{3}", text)
    assert "FROM dev_exchange_rates.exchange_rates" in text, "the command is not cut"


def in_terminal(command: list[str], columns: int) -> str:
    """All that the command writes to a terminal of this width."""
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
