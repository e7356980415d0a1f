"""Estimate of the platform's cost: each part at round prices, and the alarms."""

from __future__ import annotations

import tomllib

import pytest
import yaml

from infrastructure.monthly_cost import DEPLOYMENTS, PRICES, costs, daily_runs
from tests.infrastructure.templates import TEMPLATES, read

GIVEN = tomllib.loads(PRICES.read_text())
RUN = {"cpu": 1024, "memory": 1024}
CONDITIONS = {"gateway": "NatIsGateway", "instance": "NatIsInstance"}


def test_each_part_is_usage_times_price():
    given = {
        "usd": dict.fromkeys(GIVEN["usd"], 1),
        "month": dict.fromkeys(GIVEN["month"], 24),
    }
    found = {nat: list(costs(given, nat, [RUN]).values()) for nat in CONDITIONS}
    #          worker, a run of 24 minutes, NAT, address, logs, alarms, secrets, images, lake
    worker = 24 * (24 + 24)
    others = [24, 24 * (1 + 24), 24 + 24, 24, 24, 24]
    assert found["gateway"] == pytest.approx([worker, 0.8, 24 + 24, *others])
    assert found["instance"] == pytest.approx([worker, 0.8, 24 + 8, *others])


@pytest.mark.parametrize("nat", list(CONDITIONS))
def test_every_price_and_every_usage_counts(nat):
    of = {
        "gateway": {
            *("nat_gateway_hour", "nat_gateway_gb", "gb_through_nat"),
            "alarms_with_gateway",
        },
        "instance": {"t4g_nano_hour", "disk_gb_month", "alarms_with_instance"},
    }
    (unused,) = (names for kind, names in of.items() if kind != nat)
    before = sum(costs(GIVEN, nat, [RUN]).values())
    for kind in ("usd", "month"):
        for name in GIVEN[kind]:
            more = GIVEN | {kind: GIVEN[kind] | {name: GIVEN[kind][name] + 1}}
            same = sum(costs(more, nat, [RUN]).values()) == before
            assert same == (name in unused), name


def test_daily_runs_are_those_of_the_active_schedules():
    schedules = [
        schedule["cron"]
        for deployment in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
        for schedule in deployment.get("schedules", [])
        if schedule["active"]
    ]
    runs = daily_runs()
    assert len(runs) == len(schedules)
    assert all(run["cpu"] and run["memory"] for run in runs)


@pytest.mark.parametrize("nat", list(CONDITIONS))
def test_the_alarms_are_those_of_the_template(nat):
    resources = read(TEMPLATES["data-platform"])["Resources"].values()
    alarms = [
        each
        for each in resources
        if each["Type"] == "AWS::CloudWatch::Alarm"
        and each.get("Condition") in (None, "HasWorker", CONDITIONS[nat])
    ]
    of_the_autoscaling = 2
    assert GIVEN["month"][f"alarms_with_{nat}"] == len(alarms) + of_the_autoscaling


def test_the_usage_is_that_of_the_templates_defaults():
    parameters = read(TEMPLATES["data-platform"])["Parameters"]
    defaults = {name: each.get("Default") for name, each in parameters.items()}
    month = GIVEN["month"]
    assert month["worker_vcpu"] * 1024 == int(defaults["WorkerCpu"])
    assert month["worker_gb"] * 1024 == int(defaults["WorkerMemory"])
    assert month["months_of_logs"] * 30 == defaults["LogRetentionDays"]
    assert defaults["NatInstanceType"] == "t4g.nano"
