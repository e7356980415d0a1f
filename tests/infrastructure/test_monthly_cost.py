"""What the platform costs, computed: the parts by hand for round prices, and the alarms."""

from __future__ import annotations

import tomllib

import pytest

from infrastructure.monthly_cost import PRICES, costs
from tests.templates import TEMPLATES, of_type, read

GIVEN = tomllib.loads(PRICES.read_text())


def test_each_part_is_usage_times_price():
    given = {
        "usd": dict.fromkeys(GIVEN["usd"], 1),
        "month": dict.fromkeys(GIVEN["month"], 2),
    }
    found = {nat: list(costs(given, nat).values()) for nat in ("gateway", "instance")}
    #          worker, runs, NAT, address, logs, alarms, secrets, images, lake
    assert found["gateway"] == [8, 8, 4, 2, 6, 2, 2, 2, 2]
    assert found["instance"] == [8, 8, 10, 2, 6, 2, 2, 2, 2]


@pytest.mark.parametrize("nat", ["gateway", "instance"])
def test_every_price_and_every_usage_counts(nat):
    of_gateway = {"nat_gateway_hour", "nat_gateway_gb", "gb_through_nat"}
    of_instance = {"t4g_nano_hour", "disk_gb_month"}
    unused = of_instance if nat == "gateway" else of_gateway
    before = sum(costs(GIVEN, nat).values())
    for kind in ("usd", "month"):
        for name in GIVEN[kind]:
            more = GIVEN | {kind: GIVEN[kind] | {name: GIVEN[kind][name] + 1}}
            assert (sum(costs(more, nat).values()) == before) == (name in unused), name


def test_the_usage_is_that_of_the_templates_defaults():
    path = TEMPLATES["data-platform"]
    defaults = {
        name: each.get("Default") for name, each in read(path)["Parameters"].items()
    }
    month = GIVEN["month"]
    assert month["worker_vcpu"] * 1024 == int(defaults["WorkerCpu"])
    assert month["worker_gb"] * 1024 == int(defaults["WorkerMemory"])
    assert month["months_of_logs"] * 30 == defaults["LogRetentionDays"]
    assert defaults["NatInstanceType"] == "t4g.nano"
    alarms = of_type(path, "AWS::CloudWatch::Alarm")
    with_gateway = [
        name for name in alarms if name not in ("NatMachineFailed", "NatInstanceFailed")
    ]
    assert month["alarms"] == len(with_gateway) + 2  # the autoscaling's
