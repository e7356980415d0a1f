"""Hostile parameters of flows."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.repository.hostile import LONG, Hostile


def _folder(name: str, value: Any) -> Hostile:
    return Hostile(name, "redshift_export.folder", value, "folder")


def _value(name: str, value: Any, error: str | None = None) -> Hostile:
    return Hostile(name, "redshift_export.parameters", {"since": value}, error)


def _backfill(kind: str, error: str | None, **parameters: Any) -> Hostile:
    return Hostile(kind, "backfill." + next(iter(parameters)), parameters, error)


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


FOLDERS = [
    _folder("traversal", "../../.."),
    _folder("traversal to a sibling", "inventory/../usage"),
    _folder("absolute", "/etc"),
    _folder("empty", ""),
    _folder("this folder", "."),
    _folder("home", "~"),
    _folder("newline", "usage\nusage"),
    _folder("NUL", "usage\0"),
    _folder("quote", "usage'; DROP TABLE users; --"),
    _folder("template", "{{ PREFECT_API_KEY }}${HOME}%(since)s"),
    _folder("backslashes", "..\\..\\windows"),
    _folder("long", LONG),
]

QUERY_VALUES = [
    # Values reach SQL as parameters and the file's path as a name.
    _value("traversal", "../../../../etc/cron.d/x"),
    _value("absolute", "/etc/passwd"),
    _value("quote", "2026-01-01'; DROP TABLE pets; --"),
    _value("newline", "a\nb\r\nc"),
    _value("NUL", "a\0b", "since"),
    _value("template", "%(since)s {since} {{ since }} ${HOME}"),
    _value("text direction", "\u202etxt.\ufeff"),
    _value("lone surrogate", "\ud800", "since"),
    _value("long", LONG, "since"),
    _value("long name of a file", "x" * 300, "since"),
    _value("huge number", 10**5000, "since"),
    _value("not a number", float("nan"), "since"),
    _value("infinity", float("inf"), "since"),
    _value("nested", _nested(50), "since|parameters"),
    Hostile(
        "unknown names",
        "redshift_export.parameters",
        {"since": "2026-01-01", **{f"../{number}": 1 for number in range(10_000)}},
        "parameter",
    ),
]

FORMATS = [
    Hostile("traversal", "redshift_export.file_format", "../../x", "file_format"),
    Hostile("long", "redshift_export.file_format", LONG, "file_format"),
]

_DAYS: dict[str, Any] = {
    "first_day": date(2024, 1, 1),
    "last_day": date(2024, 1, 2),
}

BACKFILLS = [
    _backfill("traversal", "deployment", deployment="../../admin/settings"),
    _backfill("traversal in percent", "deployment", deployment="a/%2e%2e%2fadmin"),
    _backfill("query", "deployment", deployment="a?x=1#y/dev"),
    _backfill("newline", "deployment", deployment="a\r\nHost: other/dev"),
    _backfill("NUL", "deployment", deployment="a\0/dev"),
    _backfill("quote", "deployment", deployment="a'; DROP TABLE flow; --/dev"),
    _backfill("empty parts", "deployment", deployment="/"),
    _backfill("empty", "deployment", deployment=""),
    _backfill("many parts", "deployment", deployment="a/b/c/d"),
    _backfill("long", "deployment", deployment=f"{LONG}/dev"),
    _backfill("lone surrogate", "deployment", deployment="\ud800/dev"),
    _backfill(
        "millions of chunks",
        "chunk",
        chunk_days=1,
        first_day=date(1, 1, 1),
        last_day=date(2026, 1, 1),
    ),
    _backfill("zero days", "chunk_days", chunk_days=0),
    _backfill("huge days", None, chunk_days=10**30),
    _backfill("huge number of runs", None, at_once=10**30),
    _backfill("no date", "first_day", first_day="2024-01-01'; --"),
    _backfill("the end of time", "last_day", last_day=date(9999, 12, 31)),
    _backfill("long", "name", name=LONG),
    _backfill("newline", "name", name="a\nb"),
    _backfill("NUL", "name", name="a\0b"),
    _backfill("template", None, name="{{ x }}%s${HOME}'\""),
    _backfill("nested", "parameters", parameters={"x": _nested(2_000)}),
    _backfill("huge", "parameters", parameters={"x": LONG}),
    _backfill("huge number", "parameters", parameters={"x": 10**5000}),
    _backfill("takes the days", "parameters", parameters={"first_day": "1999-01-01"}),
]
for _each in BACKFILLS:
    _each.value.update({**_DAYS, "deployment": "chunks/test"} | _each.value)

RANGES = [
    Hostile(
        "the beginning of time",
        "open_exchange_rates.first_day",
        {"first_day": date(1, 1, 1), "last_day": date(2026, 11, 1)},
        "first_day",
    ),
    Hostile(
        "the end of time",
        "open_exchange_rates.last_day",
        {"first_day": date(2026, 11, 1), "last_day": date(9999, 12, 31)},
        "last_day",
    ),
    Hostile("the beginning of time", "van.since", {"since": date(1, 1, 1)}, None),
    Hostile("the end of time", "van.since", {"since": date(9999, 12, 31)}, None),
]

COMMAND_LINES = [
    Hostile(
        "nested JSON",
        "redshift_export.parameters",
        ["--parameters", "[" * 50_000],
        "parameters",
    ),
    Hostile(
        "long number",
        "redshift_export.parameters",
        ["--parameters", '{"since": ' + "9" * 50_000 + "}"],
        "parameters",
    ),
    Hostile("date", "van.since", ["--since", "2026-13-45\n'"], "since"),
    Hostile("way", "test_alert.way", ["--way", "raises; rm -rf /"], "way"),
]
