"""Hostile parameters of flows."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.repository.hostile import LONG, Hostile

DAY = date(2024, 1, 1)


def _folder(name: str, value: Any) -> Hostile:
    return Hostile(name, "redshift_export.folder", value, "folder")


def _value(name: str, value: Any, error: str | None = None) -> Hostile:
    return Hostile(name, "redshift_export.parameters", {"since": value}, error)


def _backfill(kind: str, error: str | None, **parameters: Any) -> Hostile:
    sound = {"deployment": "chunks/test", "first_day": DAY, "last_day": DAY}
    return Hostile(
        kind, f"backfill.{next(iter(parameters))}", sound | parameters, error
    )


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
    # A value reaches SQL as a parameter, and the file's path as a folder's name.
    _value("traversal", "../../../../etc/cron.d/x"),
    _value("parent", ".."),
    _value("absolute", "/etc/passwd"),
    _value("empty", ""),
    _value("quote", "2026-01-01'; DROP TABLE pets; --"),
    _value("newline", "a\nb\r\nc"),
    _value("template", "%(since)s {since} {{ since }} ${HOME}"),
    _value("text direction", "\u202etxt.\ufeff"),
    # JSON has no such numbers. PostgreSQL has.
    _value("not a number", float("nan")),
    _value("infinity", float("inf")),
    _value("NUL", "a\0b", "parameter since"),
    _value("lone surrogate", "\ud800", "parameter since"),
    _value("long", LONG, "parameter since"),
    _value("long name of a file", "x" * 300, "parameter since"),
    _value("long, percent-encoded", "/" * 90, "parameter since"),
    _value("huge number", 10**5000, "parameter since"),
    Hostile(
        "unknown names",
        "redshift_export.parameters",
        {"since": "2026-01-01", **{f"../{number}": 1 for number in range(10_000)}},
        "No query in pets uses .* 9,990 more",
    ),
    Hostile("long name", "redshift_export.parameters", {LONG: 1}, "parameter x+ is"),
]

TYPES = [
    Hostile(name, f"redshift_export.{parameter}", {parameter: value}, parameter)
    for name, parameter, value in [
        ("traversal", "file_format", "../../x"),
        ("long", "file_format", LONG),
        ("long", "folder", LONG),
        ("NUL", "file_format", "csv\0"),
        ("nested", "parameters", {"since": _nested(50)}),
        ("list", "parameters", ["since"]),
        ("text", "parameters", "{"),
    ]
]

DEPLOYMENTS = [
    _backfill(name, "has no deployment", deployment=deployment)
    for name, deployment in {
        "traversal": "../../admin/settings",
        "traversal to an id": "../00000000-0000-0000-0000-000000000000",
        "traversal in percent": "a/%2e%2e%2fadmin",
        "this folder": "./.",
        "query": "a?x=1#y/dev",
        "newline": "a\r\nHost: other/dev",
        "NUL": "a\0/dev",
        "quote": "a'; DROP TABLE flow; --/dev",
        "template": "{{ a }}/${HOME}",
        "empty parts": "/",
        "empty": "",
        "many parts": "a/b/c/d",
    }.items()
]

BACKFILLS = [
    _backfill("long", "deployment", deployment=f"{LONG}/dev"),
    _backfill("zero days", "chunk_days", chunk_days=0),
    _backfill("huge days", "chunk_days", chunk_days=10**30),
    _backfill("huge number of runs", "at_once", at_once=10**30),
    _backfill("no date", "first_day", first_day="2024-01-01'; --"),
    _backfill("a date beyond all", "last_day", last_day="99999-01-01"),
    _backfill("long", "name", name=LONG),
    _backfill("list", "parameters", parameters=["x"]),
]

# only hashed, and given to Prefect's server, which checks them again
NAMES = [
    _backfill(name, None, name=value)
    for name, value in {
        "newline": "a\nb",
        "NUL": "a\0b",
        "lone surrogate": "\ud800",
        "template": "{{ x }}%s${HOME}'\"",
    }.items()
] + [
    _backfill("nested", "parameters", parameters={"x": _nested(2_000)}),
    _backfill("huge number", "parameters", parameters={"x": 10**5000}),
    _backfill("huge", None, parameters={"x": LONG}),
]

CHUNKS = [
    _backfill(
        "millions of chunks",
        "739,617 days",
        chunk_days=1,
        first_day=date(1, 1, 1),
        last_day=date(2026, 1, 1),
    ),
    _backfill("the end of time", "last_day", last_day=date(9999, 12, 31)),
    _backfill("reversed", "last_day", first_day=date(2025, 1, 1)),
]
RANGES = [
    Hostile(
        "the beginning of time",
        "open_exchange_rates.first_day",
        {"first_day": date(1, 1, 1), "last_day": date(2026, 11, 1)},
        "739,921 days",
    ),
    Hostile(
        "the end of time",
        "open_exchange_rates.last_day",
        {"first_day": date(2026, 11, 1), "last_day": date(9999, 12, 31)},
        "last_day",
    ),
    Hostile("the beginning of time", "van.since", {"since": date(1, 1, 1)}, "since"),
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
