"""prefect.yaml, strictly: Prefect itself ignores what it does not know."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.utilities.importtools import import_object

from tests.repository import ROOT

FILE = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS: list[dict[str, Any]] = FILE["deployments"]
FLOWS = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}

TOP_LEVEL_KEYS = {"name", "prefect-version", "definitions", "deployments"}
DEPLOYMENT_KEYS = {"name", "entrypoint", "description", "tags", "work_pool", "build"}
DEPLOYMENT_KEYS |= {"pull", "schedules", "parameters", "concurrency_limit"}
WORK_POOL_KEYS = {"name", "work_queue_name", "job_variables"}
SCHEDULE_KEYS = {"cron", "timezone", "active", "parameters", "slug"}
STEPS = {
    "prefect.deployments.steps.run_shell_script": {"id", "script", "stream_output"},
    "prefect.deployments.steps.set_working_directory": {"directory"},
}

each_deployment = pytest.mark.parametrize(
    "deployment", DEPLOYMENTS, ids=lambda each: f"{each['entrypoint']}/{each['name']}"
)


def load_flow(deployment: dict[str, Any]) -> Flow:
    return import_object(deployment["entrypoint"])


def test_there_are_deployments_and_none_stands_twice():
    names = [(load_flow(each).name, each["name"]) for each in DEPLOYMENTS]
    assert len(names) >= 2
    assert len(names) == len(set(names))


def test_every_flow_has_a_dev_deployment():
    dev = {each["entrypoint"] for each in DEPLOYMENTS if each["name"] == "dev"}
    assert dev == {f"flows.{name}.{name}" for name in FLOWS}


def test_loads_run_one_at_a_time():
    limits = [
        each["concurrency_limit"] for each in DEPLOYMENTS if "load" in each["tags"]
    ]
    assert len(limits) >= 2
    assert all(each == {"limit": 1, "collision_strategy": "ENQUEUE"} for each in limits)


def test_chunks_of_a_backfill_run_side_by_side():
    backfills = [d for d in DEPLOYMENTS if d["name"].endswith("-backfill")]
    assert backfills
    for deployment in backfills:
        assert {"first_day", "last_day"} <= set(
            load_flow(deployment).parameters.properties
        )
        assert "concurrency_limit" not in deployment and "schedules" not in deployment


def test_failures_that_matter_raise_an_alert():
    """The automations match the tag `alerts`. test_alert has it everywhere, as a proof."""
    for each in DEPLOYMENTS:
        is_proof = load_flow(each).name == "test_alert"
        assert ("alerts" in each["tags"]) == (is_proof or "dev" not in each["tags"])
    assert any("alerts" in each["tags"] for each in DEPLOYMENTS)


def test_no_key_is_misspelt():
    assert set(FILE) <= TOP_LEVEL_KEYS
    for deployment in DEPLOYMENTS:
        assert set(deployment) <= DEPLOYMENT_KEYS
        assert set(deployment["work_pool"]) <= WORK_POOL_KEYS
        for schedule in deployment.get("schedules", []):
            assert set(schedule) <= SCHEDULE_KEYS
        for step in deployment["build"] + deployment["pull"]:
            ((function, inputs),) = step.items()
            assert set(inputs) <= STEPS[function]


def test_it_names_the_version_of_prefect_in_the_lock():
    assert FILE["prefect-version"] == version("prefect")


@each_deployment
def test_the_entrypoint_is_a_flow_named_like_its_module(deployment):
    _, module, function = deployment["entrypoint"].split(".")
    flow = load_flow(deployment)
    assert isinstance(flow, Flow)
    assert module == function == flow.name
    assert flow.timeout_seconds, "a hung run would block its successors"


@each_deployment
def test_people_know_what_it_is(deployment):
    assert re.fullmatch(r"[A-Z].{20,}\.", deployment["description"])
    pool = deployment["name"].removesuffix("-backfill")
    assert pool in deployment["tags"]
    assert deployment["work_pool"]["name"] == pool


@each_deployment
def test_parameters_fit_the_flow(deployment):
    flow = load_flow(deployment)
    schedules = deployment.get("schedules", [])
    for given in (deployment, *schedules):
        parameters = given.get("parameters", {})
        assert set(parameters) <= set(flow.parameters.properties)
        # without a schedule, whoever starts it gives what is required
        if schedules or not set(flow.parameters.required or ()) - set(parameters):
            flow.validate_parameters(parameters)


@each_deployment
def test_schedules_have_a_cron_and_a_time_zone(deployment):
    for schedule in deployment.get("schedules", []):
        CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        assert ZoneInfo(schedule["timezone"])
        assert deployment["name"] != "dev" or schedule["active"] is False
