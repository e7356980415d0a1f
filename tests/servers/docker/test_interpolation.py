"""Tests of variables in Compose files and of files `.env`, by Compose's documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.docker.errors import ComposeError
from tests.servers.docker.interpolation import interpolate, read_env_file

VARIABLES = {"A": "a", "EMPTY": "", "SECRET": "p$A${A}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A-${A}b$A", "a-aba"),
        ("$$A $${A} $$", "$A ${A} $"),
        ("${A:-b}${EMPTY:-b}${EMPTY-b}${NONE-b}${NONE:-}", "abb"),
        ("${NONE:-${EMPTY:-${A}}}${NONE-x$A}", "axa"),
        ("${A:+b}${EMPTY:+b}${EMPTY+c}${NONE+d}", "bc"),
        ("${A:?m}${EMPTY?m}", "a"),
        ("${SECRET}", "p$A${A}"),  # a value is not interpolated again
        ("${NONE:-a:b/c?d}", "a:b/c?d"),
    ],
)
def test_interpolates(text: str, expected: str) -> None:
    assert interpolate(text, VARIABLES, "x") == expected


def test_warns_of_a_variable_that_is_not_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert interpolate("<${NONE}>", VARIABLES, "x") == "<>"
    assert '"NONE" variable is not set' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NONE:?give NONE}", "required variable NONE is missing a value: give NONE"),
        ("${EMPTY:?give it}", "give it"),
        ("${NONE?}", "NONE"),
        ("${A/b/c}", "invalid interpolation format for services.x"),
        ("${A", "invalid"),
        ("${A:-", "invalid"),
        ("${}", "invalid"),
        ("cost: 5$", "invalid"),
        ("$1", "invalid"),
        ("a $ b", "invalid"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(ComposeError, match=message.replace("$", r"\$")):
        interpolate(text, VARIABLES, "services.x")


def test_reads_an_env_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(r"""
# comment
PLAIN=value # comment
HASH=value# none
SPACES=  two words
EMPTY=
DOUBLE="a # b" # comment
SINGLE='$A ${A} # \t' # comment
QUOTE='Let\'s go'
JSON="{\"a\": \"b\"}"
TAB="a\tb\nc\\d"
RAW=a\tb
MIXED=${PLAIN}-$A-"q"
DOLLAR="\$A$$"
LINES="one
two"
BARE
LAST='x'""")
    assert read_env_file(file, {"A": "a"}) == {
        "PLAIN": "value",
        "HASH": "value# none",
        "SPACES": "two words",
        "EMPTY": "",
        "DOUBLE": "a # b",
        "SINGLE": r"$A ${A} # \t",
        "QUOTE": "Let's go",
        "JSON": '{"a": "b"}',
        "TAB": "a\tb\nc\\d",
        "RAW": r"a\tb",
        "MIXED": 'value-a-"q"',
        "DOLLAR": "$A$",
        "LINES": "one\ntwo",
        "BARE": None,
        "LAST": "x",
    }


@pytest.mark.parametrize("text", ["A='b", 'A="b" c', "a b c", "=b", "A: b"])
def test_refuses_an_env_file(tmp_path: Path, text: str) -> None:
    (tmp_path / ".env").write_text(text)
    with pytest.raises(ComposeError, match=r"\.env"):
        read_env_file(tmp_path / ".env", {})
