"""No secret leaves: failures of every kind, then a search of everything that they left.

Each failure has secrets of its own, in every setting that takes any. Searched are console,
Prefect's database, log, events, artifacts and result storage, dlt's folders, the warehouse,
temporary files, the process list and the alerts that were sent: raw, quoted,
percent-encoded and in base64. Here a run that shows its secrets on purpose is found in
every place.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.planted.failure import BASE, Failure
from tests.planted.failures import ALERTS, CONTROL, FAILURES
from tests.planted.left import Left, run_and_search
from tests.repository.tree import ROOT


def marks_of(failure: Failure) -> list[pytest.MarkDecorator]:
    """Return by which choice of tests a failure runs."""
    if failure.rare:
        return [pytest.mark.exhaustive]
    return [] if failure.quick else [pytest.mark.slow]


PARAMETERS = [
    pytest.param(each, id=each.name, marks=marks_of(each)) for each in FAILURES
]
# Where the control shows a secret, and how it is written there at least.
PLACES = {
    "console/stdout": "raw",
    "console/stderr": "base64",
    "prefect/storage/": "base64",
    "pipelines/": "raw",
    "data/warehouse.duckdb": "raw",
    "prefect.db: log": "percent-encoded",
    "prefect.db: artifact": "raw",
    "prefect.db: events": "raw",
    "prefect.db: flow_run_state": "base64",
    "a webhook": "base64",
    "a process list": "raw",
}


@pytest.fixture(scope="module")
def left(
    request: pytest.FixtureRequest,
    prefect_api: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Left:
    """What the chosen failures left, all of them and the control run side by side."""
    chosen = {
        item.callspec.params["failure"]
        for item in request.session.items
        if item.path == request.path and "failure" in getattr(item, "fixturenames", ())
    }
    failures = [each for each in FAILURES if each in chosen]
    with_aws = any(each.vault or "stack" in each.needs for each in failures)
    return run_and_search(
        [CONTROL, *failures],
        tmp_path_factory.mktemp("planted"),
        prefect_api,
        Path(os.environ["PREFECT_HOME"]).with_name("server"),
        request.getfixturevalue("aws_server") if with_aws else None,
    )


@pytest.mark.parametrize("failure", PARAMETERS)
def test_a_failure_shows_no_secret(left: Left, failure: Failure):
    run = left.runs[failure.name]
    assert failure.says in run.console
    assert run.code == failure.code, run.console
    assert not left.of(failure.name), "\n".join(left.of(failure.name))


def test_an_alert_shows_no_secret(left: Left):
    """Looks for the webhooks' own: one answers, the other one is away."""
    assert not left.of(ALERTS), "\n".join(left.of(ALERTS))


@pytest.mark.parametrize("place", PLACES)
def test_the_search_finds_what_is_shown(left: Left, place: str):
    run = left.runs[CONTROL.name]
    assert CONTROL.says in run.console
    shown = [each for each in left.of(CONTROL.name) if f" in {place}" in each]
    assert any(f", {PLACES[place]}, " in each for each in shown), "\n".join(
        left.of(CONTROL.name)
    )


def test_no_secret_was_cut_off(left: Left):
    """Nobody's secrets: their beginnings alone were left."""
    assert not left.found[-1]


def test_each_secret_of_the_example_is_planted():
    example = (ROOT / ".dlt" / "secrets.toml.example").read_text()
    planted = " ".join([*BASE, *(n for each in FAILURES for n in each.settings)])
    section = ""
    for line in example.splitlines():
        if head := re.match(r"# \[(.+)\]", line):
            section = head[1]
        elif value := re.match(r'# (\w*(?:password|key|token|_id))\w* = "', line):
            name = f"{section}.{value[1]}".upper().replace(".", "__")
            assert name in planted
