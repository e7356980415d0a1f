"""Estimate of the platform's cost: each part at round prices, the targets, the sources."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from typing import get_args

import pytest

from infrastructure.monthly_cost import (
    COLUMNS,
    PLATFORMS,
    PRICES,
    ROWS,
    Architecture,
    Choice,
    ControlPlane,
    Nat,
    Worker,
    costs,
    extras,
    number,
    plan_needed,
    run_cost,
    settings,
    tables,
)
from tests.infrastructure.templates import (
    SERVERS,
    TEMPLATES,
    of_type,
    properties,
    read,
)

GIVEN = settings()
CLOUD = Choice("cloud", "fargate", "gateway", "x86")
MACHINE = Choice("machine", "machine", "instance", "arm")
MACHINE_IS_NAT = MACHINE._replace(nat="machine")
ECS = Choice("ecs", "fargate", "instance", "arm")
ECS_INTERNAL = ECS._replace(control_plane="ecs_internal")
CHOICES = [
    Choice(*each)
    for each in product(*map(get_args, (ControlPlane, Worker, Nat, Architecture)))
]
COUNTED = {
    "platform": 1,
    "worker": {"fargate": 2},
    "nat": {"gateway": 4, "instance": 8},
    "control_plane": {"machine": 16, "ecs": 32},
}
ROUND = {
    "usd": dict.fromkeys(GIVEN["usd"], 1),
    "month": dict.fromkeys(GIVEN["month"], 24) | {"seconds_of_a_run": 3600},
    "number": dict.fromkeys(GIVEN["number"], COUNTED),
}


@pytest.mark.parametrize(
    "choice, counted, own",
    [
        (CLOUD, 7, {"Worker": 24 * 48, "NAT": 24 + 24}),
        (MACHINE, 25, {"NAT": 24 + 24, "Prefect server": 24 + 24}),
        (MACHINE_IS_NAT, 17, {"Prefect server": 24 + 24}),
        (
            ECS,
            43,
            {
                "Worker": 24 * 48,
                "NAT": 24 + 24,
                "Prefect server": 24 * 48 + 24,
                "Load balancer": 24 * (1 + 24),
                "Database": 24 + 24,
            },
        ),
    ],
)
def test_each_part_is_usage_times_price(choice, counted, own):
    of_all = {
        "Runs, 24 a day": 24 * 48,  # of one hour, on one day
        "Public addresses": 24 * counted,
        "Dumps of the database": counted,
        "Host name": counted,
        "Logs": counted * (1 + 24),
        "Alarms and metrics": 2 * counted,
        "Secrets": counted,
        "Images": 24 + 24,
        "Queue of the tasks' events": 24,
    }
    found = costs(ROUND, choice)
    assert {name: cost for name, cost in found.items() if cost} == of_all | own
    assert list(extras(ROUND).values()) == [
        *(24 * 48, 24, 1, 24 * 24, 24 * 48, 24 * 24)
    ]


def affected(kind: str, name: str) -> set[ControlPlane]:
    """Return the control planes whose platforms cost more with more of one number."""
    more = GIVEN | {kind: GIVEN[kind] | {name: GIVEN[kind][name] + 1}}
    return {
        choice.control_plane
        for choice in CHOICES
        if sum(costs(more, choice).values()) > sum(costs(GIVEN, choice).values())
    }


def test_every_price_and_every_usage_counts_where_it_belongs():
    found = {
        name: affected(kind, name) for kind in ("usd", "month") for name in GIVEN[kind]
    }
    ecs = {"ecs", "ecs_internal"}
    of_machine = ("t3a_small_hour", "t4g_small_hour", "machine_disk_gb")
    own = dict.fromkeys(of_machine, {"machine"})
    own |= {name: ecs for name in found if re.match("database|load_balancer", name)}
    own |= dict.fromkeys(("efs_gb_month", "gb_on_efs", "host_zone_month"), ecs)
    own |= dict.fromkeys(("server_vcpu", "server_gb"), ecs)
    own |= {"s3_gb_month": {"machine"} | ecs}  # the dumps
    own |= dict.fromkeys(("gb_of_lake", "valkey_gb_hour", "valkey_gb"), set())
    own |= {"database_backup_gb_month": set()}
    everywhere = set(get_args(ControlPlane))
    assert found == {name: own.get(name, everywhere) for name in found}


@pytest.mark.parametrize(
    "platform, target",
    [
        ("Prefect Cloud", 25),
        ("EC2 machine", 35),
        ("EC2 machine, also NAT", 25),
        ("ECS, internal", 70),
    ],
)
def test_the_targets_are_met(platform, target):
    assert 0.8 * target < sum(costs(GIVEN, PLATFORMS[platform]).values()) < target


def test_the_readme_says_what_exceeds_a_target():
    month = GIVEN["month"]
    twice = GIVEN | {"month": month | {"server_vcpu": 2 * month["server_vcpu"]}}
    assert sum(costs(twice, ECS_INTERNAL).values()) > 70
    assert sum(costs(GIVEN, ECS).values()) > 70
    one_more_secret = GIVEN["usd"]["secret_month"]
    assert sum(costs(GIVEN, MACHINE_IS_NAT).values()) + one_more_secret > 25


def test_the_addresses_are_those_of_nat_machine_and_load_balancer():
    of = GIVEN["number"]["public_addresses"]
    found = [
        number(of, each) for each in (CLOUD, MACHINE, MACHINE_IS_NAT, ECS_INTERNAL, ECS)
    ]
    assert found == [1, 2, 1, 1, 3]


def test_a_run_costs_what_its_task_reserves_and_a_minute_at_least():
    usd = GIVEN["usd"]
    hour = 0.25 * usd["fargate_x86_vcpu_hour"] + 0.5 * usd["fargate_x86_gb_hour"]
    assert run_cost(usd, 0.25, 0.5, 300, "x86") == pytest.approx(hour / 12)
    assert run_cost(usd, 0.25, 0.5, 1, "x86") == pytest.approx(hour / 60)
    arm, x86 = (run_cost(usd, 1, 2, 300, each) for each in ("arm", "x86"))
    assert arm == pytest.approx(0.8 * x86, rel=0.01)


@pytest.mark.parametrize(
    ("choice", "of_x86", "of_arm"),
    [
        (MACHINE, "t3a_small_hour", "t4g_small_hour"),
        (MACHINE_IS_NAT, "t3a_small_hour", "t4g_small_hour"),
        # it only copies files out of the image
        (MACHINE._replace(worker="fargate"), "t4g_small_hour", "t4g_small_hour"),
        (ECS, "fargate_x86_vcpu_hour", "fargate_arm_vcpu_hour"),
    ],
)
def test_the_image_runs_on_what_is_counted(choice, of_x86, of_arm):
    for architecture, price in (("x86", of_x86), ("arm", of_arm)):
        usd = dict.fromkeys(GIVEN["usd"], 0) | {price: 1}
        chosen = choice._replace(architecture=architecture)
        assert costs(GIVEN | {"usd": usd}, chosen)["Prefect server"] > 0


def test_the_tables_show_every_choice_that_is_possible():
    shown = {Choice(*of, *nat) for of in ROWS.values() for nat in COLUMNS.values()}
    without = {
        each
        for each in CHOICES
        if "machine" in (each.worker, each.nat) and each.control_plane != "machine"
    }
    assert set(CHOICES) - without == shown - without
    sums, parts, *_ = tables()
    assert sums.count("–") == len(shown & without)
    expected = f"{sum(costs(GIVEN, MACHINE_IS_NAT).values()):.2f}"
    assert f"| {expected} |" in sums and f"**{expected}**" in parts


def test_prefect_clouds_free_plan_does_not_take_this_project():
    """The README says so, and why."""
    needed, limits = plan_needed(), GIVEN["prefect_cloud"]
    assert limits["Work pools on your own AWS account"]["hobby"] == "none"
    for limit in ("Deployments", "Automations"):
        assert int(needed[limit]) > int(limits[limit]["hobby"])
    without_pagerduty = int(needed["Automations"]) - 1
    assert without_pagerduty > int(limits["Automations"]["starter"])
    assert all(
        int(needed[limit]) <= int(limits[limit]["team"])
        for limit in ("Deployments", "Automations")
    )
    assert set(needed) < set(limits)


def test_every_price_and_limit_names_its_source_and_date():
    content = tomllib.loads(PRICES.read_text())
    for each in (*content["usd"].values(), *content["prefect_cloud"].values()):
        assert re.match(r"https://|infracost: |docs: |zenml$", each["source"]), each
        assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", each["date"]), each


def test_the_alarms_are_those_of_the_template():
    alarms = {
        name: read(path)["Resources"][name].get("Condition")
        for path in (TEMPLATES["data-platform-foundation"], TEMPLATES["data-platform"])
        for name in of_type(path, "AWS::CloudWatch::Alarm")
    }
    of_the_worker, of_the_autoscaling = alarms.keys() & {"NoWorker"}, 2
    of_nats = [
        [name for name, condition in alarms.items() if condition == f"NatIs{kind}"]
        for kind in ("Gateway", "Instance")
    ]
    of = GIVEN["number"]["alarms"]
    assert of["worker"]["fargate"] == len(of_the_worker) + of_the_autoscaling
    assert list(of["nat"].values()) == [len(names) for names in of_nats]
    others = alarms.keys() - of_the_worker - {*of_nats[0], *of_nats[1]}
    assert of["platform"] == len(others)


def test_the_usage_is_that_of_the_templates_defaults():
    parameters = read(TEMPLATES["data-platform"])["Parameters"]
    defaults = {name: each.get("Default") for name, each in parameters.items()}
    month = GIVEN["month"]
    assert month["worker_vcpu"] * 1024 == int(defaults["WorkerCpu"])
    assert month["worker_gb"] * 1024 == int(defaults["WorkerMemory"])
    assert month["months_of_logs"] * 30 == defaults["LogRetentionDays"]
    foundation = read(TEMPLATES["data-platform-foundation"])["Parameters"]
    assert foundation["NatInstanceType"]["Default"] == "t4g.nano"
    ecs = read(SERVERS["ecs"])["Parameters"]
    assert month["server_vcpu"] * 1024 == int(ecs["ServerCpu"]["Default"])
    assert month["server_gb"] * 1024 == int(ecs["ServerMemory"]["Default"])
    assert month["database_gb"] == ecs["DatabaseStorage"]["Default"]
    assert ecs["DatabaseClass"]["Default"] == "db.t4g.micro"
    machine = read(SERVERS["ec2"])
    (root,) = properties(SERVERS["ec2"], "ServerMachine")["BlockDeviceMappings"]
    data = machine["Parameters"]["DataVolumeGb"]["Default"]
    assert month["machine_disk_gb"] == root["Ebs"]["VolumeSize"] + data
    assert machine["Parameters"]["InstanceType"]["Default"] == "t4g.small"
