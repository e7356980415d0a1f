"""Log records and uncaught errors without secrets, whoever logs them."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from typing import Iterator

import pytest

import utils.runs  # noqa: F401 what redacts
from tests.repository.tree import ROOT

SECRET = "sesame/open+now"


@pytest.fixture
def lines(monkeypatch) -> Iterator[io.StringIO]:
    monkeypatch.setenv("SOURCES__PETS__TOKEN", SECRET)
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    logger = logging.getLogger("anybody")
    logger.addHandler(handler)
    monkeypatch.setattr(logger, "propagate", False)
    yield lines
    logger.removeHandler(handler)


def test_messages_and_arguments(lines):
    log = logging.getLogger("anybody")
    log.error(f"a {SECRET}")
    log.error("b %s %r", SECRET, {"token": SECRET})
    log.error("c %s", 7)
    assert lines.getvalue() == "a ***\nb *** {'token': '***'}\nc 7\n"


def test_tracebacks(lines):
    log = logging.getLogger("anybody")
    try:
        open(f"/{SECRET}")
    except OSError:
        log.exception("Failed")
    assert SECRET not in lines.getvalue()
    assert "RedactedError: FileNotFoundError" in lines.getvalue()


def test_wrong_arguments_are_left_to_the_handler():
    make = logging.getLogger("anybody").makeRecord
    record = make("anybody", logging.ERROR, "file", 1, "%d", ("no number",), None)
    assert (record.msg, record.args) == ("%d", ("no number",))


@pytest.mark.parametrize(
    "code",
    [
        "fail()",
        "thread = Thread(target=fail); thread.start(); thread.join(); os._exit(1)",
    ],
    ids=["main thread", "another thread"],
)
def test_an_uncaught_error(code):
    code = f"""
import os, utils.runs
from threading import Thread
def fail(): raise KeyError(os.environ['SOURCES__PETS__TOKEN'])
{code}"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"SOURCES__PETS__TOKEN": SECRET, "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "KeyError: '***'" in ended.stderr and SECRET not in ended.stderr
