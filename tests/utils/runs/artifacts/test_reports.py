"""A run's report, read back from a real Prefect server."""

from __future__ import annotations

import json

from prefect import flow

from tests.servers.prefect_api import artifacts_of, logs_of
from utils.reports import Fact, Report
from utils.runs.artifacts.reports import publish


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
