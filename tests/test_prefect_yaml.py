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
JOB_VARIABLES = {"image", "cpu", "memory"}
# of a task on Fargate: the memory in MiB that goes with so much CPU, in 1/1024 vCPU
FARGATE = {256: (512, 1024, 2048), 512: (1024, 2048, 3072, 4096)}
# design decisions, which an anchor could change by accident
PRODUCTION_SCHEDULES = {
    "exchange_rates": ("30 16 * * *", "Europe/Berlin"),
    "open_exchange_rates": ("0 9 * * *", "UTC"),
    "products": ("0 6 * * *", "UTC"),
    "hubspot": ("0 7 * * *", "UTC"),
    "van": ("0 5 * * *", "America/New_York"),
}
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


def flow_of(deployment: dict[str, Any]) -> str:
    return deployment["entrypoint"].rpartition(".")[2]


def named(name: str) -> dict[str, dict[str, Any]]:
    """The deployments of this name, by their flows."""
    return {flow_of(each): each for each in DEPLOYMENTS if each["name"] == name}


def test_every_flow_is_deployed_for_development_and_production():
    assert set(named("dev")) == set(named("production")) == FLOWS
    assert set(named("dev-backfill")) == set(named("production-backfill")) != set()
    assert {each["name"] for each in DEPLOYMENTS} == {
        *("dev", "production", "dev-backfill", "production-backfill")
    }


def test_production_runs_by_the_clock_and_development_on_demand():
    schedules = {
        flow: [(each["cron"], each["timezone"]) for each in deployment["schedules"]]
        for flow, deployment in named("production").items()
        if "schedules" in deployment
    }
    assert schedules == {flow: [each] for flow, each in PRODUCTION_SCHEDULES.items()}
    for flow in FLOWS:
        here, there = (
            named(name)[flow].get("schedules", []) for name in ("dev", "production")
        )
        assert here == [each | {"active": False} for each in there]
        assert there == [each | {"active": True} for each in there]
    (schedule,) = named("production")["exchange_rates"]["schedules"]
    assert schedule["parameters"] == {"refresh": True}


def test_production_and_development_differ_only_in_where_they_run():
    for name in ("", "-backfill"):
        for flow, dev in named(f"dev{name}").items():
            production = named(f"production{name}")[flow]
            for key in ("entrypoint", "description", "concurrency_limit", "parameters"):
                assert dev.get(key) == production.get(key)
            kind = [tag for tag in dev["tags"] if tag not in ("dev", "alerts")]
            assert production["tags"] == ["production", *kind, "alerts"]
            assert kind and set(kind) <= {"load", "export", "backfill", "smoke-test"}


def test_tasks_of_production_are_of_a_size_that_fargate_has_and_of_one_image():
    for deployment in DEPLOYMENTS:
        if "production" not in deployment["tags"]:
            continue
        variables = deployment["work_pool"]["job_variables"]
        assert set(variables) == JOB_VARIABLES
        assert variables["memory"] in FARGATE[variables["cpu"]]
        assert variables["image"] == "{{ $IMAGE }}"
        (step,) = deployment["pull"]
        assert step == {
            "prefect.deployments.steps.set_working_directory": {"directory": "/app"}
        }


def test_loads_run_one_at_a_time():
    limits = [
        each["concurrency_limit"]
        for each in DEPLOYMENTS
        if {"load", "export"} & set(each["tags"])
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
