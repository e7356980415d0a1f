"""Artifacts of a run, read back from a real Prefect server."""

from __future__ import annotations

import json

import pytest
from prefect import flow
from prefect.runtime import flow_run

import utils.runs.artifacts
from tests.servers.prefect_api import artifacts_of, logs_of
from utils.errors import ClearError
from utils.reports import Fact, Report
from utils.runs.artifacts import ProgressArtifact, publish
from utils.runs.load_progress import StepProgress


class Feeding(Report):
    columns = {"pet": "text", "run": "link"}
    key = "Feed_Pets-meals"
    summary = "Fed 1 pet"

    def cells(self) -> list[tuple[str, str]]:
        return [("Rex", "http://pets/1")]

    def facts(self) -> list[Fact]:
        return [Fact("note", "a cat was added")]


def test_a_report_becomes_a_table(prefect_api):
    report = Feeding()

    @flow
    def pets():
        assert publish(report) is report

    run = pets(return_state=True).state_details.flow_run_id

    artifact = artifacts_of(run)["feed-pets-meals"]
    assert artifact["type"] == "table"
    assert json.loads(artifact["data"]) == [
        {"pet": "Rex", "run": "[run](http://pets/1)"}
    ]
    assert artifact["description"] == "**Fed 1 pet**\n\n- note: a cat was added"
    assert report.summary in [log.message for log in logs_of(run)]


def test_progress_is_updated_now_and_then_and_completed(prefect_api, monkeypatch):
    updates = []

    @flow(name="feed_pets")
    def feed_pets(finish: bool):
        artifact = ProgressArtifact()
        monkeypatch.setattr(
            artifact,
            "update",
            lambda *now: (updates.append(now), type(artifact).update(artifact, *now)),
        )
        artifact.show(StepProgress("Extract"))  # too early
        artifact._updated -= utils.runs.artifacts.SECONDS_BETWEEN_UPDATES
        artifact.show(StepProgress("Normalize", rows=7))
        if finish:
            artifact.update(100.0, "Fed")

    run = feed_pets(False, return_state=True).state_details.flow_run_id
    artifact = artifacts_of(run)["feed-pets-progress"]
    assert artifact["type"] == "progress"
    assert artifact["data"] == pytest.approx(100 / 3)
    assert artifact["description"] == "Normalize: 7 rows"
    assert len(updates) == 1

    run = feed_pets(True, return_state=True).state_details.flow_run_id
    assert artifacts_of(run)["feed-pets-progress"]["data"] == 100


def test_progress_that_cannot_be_shown_fails_nothing(prefect_api, monkeypatch):
    def refuse(*_, **__):
        raise ConnectionError("no API")

    monkeypatch.setattr(utils.runs.artifacts, "create_progress_artifact", refuse)

    @flow
    def pets():
        artifact = ProgressArtifact()
        artifact.show(StepProgress("Load"))
        artifact.update(100.0, "Fed")

    run = pets(return_state=True).state_details.flow_run_id
    warnings = [log.message for log in logs_of(run) if log.level == 30]
    assert warnings == ["Progress cannot be shown: no API"]


@pytest.mark.parametrize(
    "error, told",
    [
        (ClearError("No food is left."), "Failed: No food is left."),
        (KeyError("fish"), "Failed: KeyError: 'fish'"),
        (ConnectionResetError("gone"), "Failed: ConnectionResetError: gone"),
        (KeyboardInterrupt(), "Ended from outside: KeyboardInterrupt"),
    ],
)
def test_the_reason_of_a_failure_is_told(prefect_api, error, told):
    """Outside of a task nothing is tried again."""
    found = []

    @flow(name="feed_pets")
    def feed_pets():
        found.append(flow_run.id)
        with ProgressArtifact() as artifact:
            artifact.update(50.0, "Load")
            raise error

    with pytest.raises(type(error)):
        feed_pets()

    artifact = artifacts_of(found[0])["feed-pets-progress"]
    assert (artifact["data"], artifact["description"]) == (50, told)
