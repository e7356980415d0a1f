"""Validity of prefect.yaml, and this project's rules for deployments."""

from __future__ import annotations

import re

import pytest
from prefect import Flow
from prefect.utilities.callables import parameter_schema
from prefect.utilities.importtools import import_object

from infrastructure.release.code import Code, FlowCode
from infrastructure.release.prefect_file import read_prefect_file
from infrastructure.release.prefect_file.deployment import (
    ConcurrencyLimit,
    DeclaredDeployment,
)
from infrastructure.release.stack.template import read_template
from tests.repository.tree import ROOT
from utils.aws.stack import TEMPLATE

TEXT = (ROOT / "prefect.yaml").read_text()
FILE = read_prefect_file(TEXT)
DEPLOYMENTS = FILE.deployments
FLOWS = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
each_deployment = pytest.mark.parametrize(
    "deployment", DEPLOYMENTS, ids=lambda each: f"{each.entrypoint}/{each.name}"
)


def load_flow(deployment: DeclaredDeployment) -> Flow:
    return import_object(deployment.entrypoint)


def named(name: str) -> dict[str, DeclaredDeployment]:
    """Return the deployments of a name, by flow."""
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


def test_every_flow_can_be_run_in_development():
    assert set(named("dev")) == FLOWS, "prefect.yaml lacks a deployment `dev`"


def test_production_runs_by_the_clock_and_development_on_demand():
    scheduled = {
        flow: each for flow, each in named("production").items() if each.schedules
    }
    assert scheduled
    for flow, production in scheduled.items():
        assert named("dev")[flow].schedules == [
            each.model_copy(update={"active": False}) for each in production.schedules
        ], f"the schedules of {flow}/dev are production's, but not active"


def test_production_and_development_differ_only_in_where_they_run():
    for name in ("", "-backfill"):
        for flow, production in named(f"production{name}").items():
            dev = named(f"dev{name}")[flow]
            for key in ("entrypoint", "description", "concurrency_limit", "parameters"):
                assert getattr(dev, key) == getattr(production, key)
            kind = [tag for tag in dev.tags if tag not in ("dev", "alerts")]
            assert kind, f"{flow}/dev has no tag that says what it does, such as `load`"
            assert production.tags == ["production", *kind, "alerts"]


def test_tasks_of_production_say_their_size_and_run_the_images_code():
    assert FILE.production
    for deployment in FILE.production:
        assert {"cpu", "memory"} <= deployment.work_pool.job_variables.keys()
        assert deployment.pull == [
            {"prefect.deployments.steps.set_working_directory": {"directory": "/app"}}
        ]


def test_a_load_has_more_of_a_processor_than_the_worker_and_no_less_memory():
    parameters = read_template((ROOT / TEMPLATE).read_text())["Parameters"]
    cpu, memory = (
        int(parameters[name]["Default"]) for name in ("WorkerCpu", "WorkerMemory")
    )
    loads = [
        each
        for each in FILE.production
        if {"load", "export"} & {*each.tags} or each.name.endswith("-backfill")
    ]
    assert len(loads) > 5
    for each in loads:
        size = each.work_pool.job_variables
        assert size["cpu"] > cpu and size["memory"] >= memory, each.entrypoint


def test_tasks_of_production_read_the_secrets_of_their_source_alone():
    """Expects a role of the stack for each flow with a source that has secrets."""
    template = read_template((ROOT / TEMPLATE).read_text())
    sources = set(template["Outputs"]["SourceRoles"]["Value"].split(","))
    roles = {}
    for each in FILE.production:
        flow = each.entrypoint.rpartition(".")[2]
        roles[flow] = each.work_pool.job_variables.get("role")
        assert roles[flow] == (flow if flow in sources else None), flow
    assert sources <= roles.keys()


def test_loads_run_one_at_a_time():
    limits = [
        each.concurrency_limit
        for each in DEPLOYMENTS
        if {"load", "export"} & set(each.tags)
    ]
    one = ConcurrencyLimit(limit=1, collision_strategy="ENQUEUE")
    assert limits
    assert all(each == one for each in limits)


def test_chunks_of_a_backfill_run_side_by_side():
    backfills = [each for each in DEPLOYMENTS if each.name.endswith("-backfill")]
    for deployment in backfills:
        assert {"first_day", "last_day"} <= set(
            load_flow(deployment).parameters.properties
        )
        assert not deployment.concurrency_limit and not deployment.schedules


def test_failures_that_matter_raise_an_alert():
    """Expects the automations' tag `alerts` in production and on test_alert."""
    for each in DEPLOYMENTS:
        is_proof = load_flow(each).name == "test_alert"
        assert ("alerts" in each.tags) == (is_proof or each.in_production)
    assert any("alerts" in each.tags for each in DEPLOYMENTS)


@each_deployment
def test_the_entrypoint_is_a_flow_named_like_its_module(deployment):
    _, module, function = deployment.entrypoint.split(".")
    flow = load_flow(deployment)
    assert isinstance(flow, Flow)
    assert module == function == flow.name
    assert flow.timeout_seconds, "a hung run would block its successors"


@each_deployment
def test_the_description_is_a_sentence(deployment):
    assert re.fullmatch(
        r"[A-Z].{20,}\.", deployment.description
    ), "a whole sentence, which the Prefect UI shows"
