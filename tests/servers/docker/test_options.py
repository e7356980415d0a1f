"""Tests of command lines, read as Docker reads them."""

from __future__ import annotations

import pytest

from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.options import read

KNOWN: dict[str, type] = {"-T --no-tty": bool, "--detach -d": bool, "--env -e": list}


def test_reads_options_among_words() -> None:
    words = ["a", "-dT", "--env", "A=1", "-eB=2", "--env=C=3", "b"]
    options = {"--detach": True, "-T": True, "--env": ["A=1", "B=2", "C=3"]}
    assert read(words, KNOWN, "x") == (options, ["a", "b"])


def test_stops_at_the_first_word() -> None:
    assert read(["-T", "a", "-d", "--", "b"], KNOWN, "x", stop=True) == (
        *({"-T": True}, ["a", "-d", "--", "b"]),
    )


def test_takes_all_after_two_dashes() -> None:
    assert read(["a", "--", "-T"], KNOWN, "x") == ({}, ["a", "-T"])
    assert read(["--detach=false"], KNOWN, "x") == ({"--detach": False}, [])


@pytest.mark.parametrize("word", ["--none", "-x", "-dx", "--env", "--detach=maybe"])
def test_refuses(word: str) -> None:
    with pytest.raises((NotPlayed, ComposeError)):
        read([word], KNOWN, "x")
