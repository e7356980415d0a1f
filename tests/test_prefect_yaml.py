"""prefect.yaml is without faults, and as this project wants its deployments."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
import yaml
from prefect import Flow
from prefect.utilities.callables import parameter_schema
from prefect.utilities.importtools import import_object

from infrastructure.release.code import Code, FlowCode
from infrastructure.release.deployment import ConcurrencyLimit, Deployment
from infrastructure.release.prefect_file import read_prefect_file
from tests.repository import ROOT

TEXT = (ROOT / "prefect.yaml").read_text()
FILE = read_prefect_file(TEXT)
DEPLOYMENTS = FILE.deployments
FLOWS = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}

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
each_deployment = pytest.mark.parametrize(
    "deployment", DEPLOYMENTS, ids=lambda each: f"{each.entrypoint}/{each.name}"
)


def load_flow(deployment: Deployment) -> Flow:
    return import_object(deployment.entrypoint)


def named(name: str) -> dict[str, Deployment]:
    """The deployments of this name, by their flows."""
    return {
        each.entrypoint.rpartition(".")[2]: each
        for each in DEPLOYMENTS
        if each.name == name
    }


def test_it_fits_the_flows_and_the_pools():
    flows = {
        each.entrypoint: FlowCode(
            flow.name, None, parameter_schema(flow).model_dump(), frozenset()
        )
        for each in DEPLOYMENTS
        for flow in [load_flow(each)]
    }
    FILE.check(Code(flows, {}), {"dev", "production"})


def test_every_flow_is_deployed_for_development_and_production():
    assert set(named("dev")) == set(named("production")) == FLOWS
    assert set(named("dev-backfill")) == set(named("production-backfill")) != set()
    assert {each.name for each in DEPLOYMENTS} == {
        *("dev", "production", "dev-backfill", "production-backfill")
    }


def test_production_runs_by_the_clock_and_development_on_demand():
    schedules = {
        flow: [(each.cron, each.timezone) for each in deployment.schedules]
        for flow, deployment in named("production").items()
        if deployment.schedules
    }
    assert schedules == {flow: [each] for flow, each in PRODUCTION_SCHEDULES.items()}
    for flow, production in named("production").items():
        assert all(each.active for each in production.schedules)
        assert named("dev")[flow].schedules == [
            each.model_copy(update={"active": False}) for each in production.schedules
        ]
    (schedule,) = named("production")["exchange_rates"].schedules
    assert schedule.parameters == {"refresh": True}


def test_production_and_development_differ_only_in_where_they_run():
    for name in ("", "-backfill"):
        for flow, dev in named(f"dev{name}").items():
            production = named(f"production{name}")[flow]
            for key in ("entrypoint", "description", "concurrency_limit", "parameters"):
                assert getattr(dev, key) == getattr(production, key)
            kind = [tag for tag in dev.tags if tag not in ("dev", "alerts")]
            assert production.tags == ["production", *kind, "alerts"]
            assert kind and set(kind) <= {"load", "export", "backfill", "smoke-test"}


def test_tasks_of_production_are_of_a_size_that_fargate_has():
    assert FILE.production
    for deployment in FILE.production:
        variables = deployment.work_pool.job_variables
        assert set(variables) == JOB_VARIABLES
        assert variables["memory"] in FARGATE[variables["cpu"]]
        assert deployment.pull == [
            {"prefect.deployments.steps.set_working_directory": {"directory": "/app"}}
        ]


def test_loads_run_one_at_a_time():
    limits = [
        each.concurrency_limit
        for each in DEPLOYMENTS
        if {"load", "export"} & set(each.tags)
    ]
    one = ConcurrencyLimit(limit=1, collision_strategy="ENQUEUE")
    assert len(limits) >= 2
    assert all(each == one for each in limits)


def test_chunks_of_a_backfill_run_side_by_side():
    backfills = [each for each in DEPLOYMENTS if each.name.endswith("-backfill")]
    assert backfills
    for deployment in backfills:
        assert {"first_day", "last_day"} <= set(
            load_flow(deployment).parameters.properties
        )
        assert not deployment.concurrency_limit and not deployment.schedules


def test_failures_that_matter_raise_an_alert():
    """The automations match the tag `alerts`. test_alert has it everywhere, as a proof."""
    for each in DEPLOYMENTS:
        is_proof = load_flow(each).name == "test_alert"
        assert ("alerts" in each.tags) == (is_proof or each.in_production)
    assert any("alerts" in each.tags for each in DEPLOYMENTS)


def test_it_names_the_version_of_prefect_in_the_lock():
    assert yaml.safe_load(TEXT)["prefect-version"] == version("prefect")


@each_deployment
def test_the_entrypoint_is_a_flow_named_like_its_module(deployment):
    _, module, function = deployment.entrypoint.split(".")
    flow = load_flow(deployment)
    assert isinstance(flow, Flow)
    assert module == function == flow.name
    assert flow.timeout_seconds, "a hung run would block its successors"


@each_deployment
def test_people_know_what_it_is(deployment):
    assert re.fullmatch(r"[A-Z].{20,}\.", deployment.description)
    assert deployment.work_pool.name == deployment.name.removesuffix("-backfill")
