"""Estimate of the platform's monthly cost: `python -m infrastructure.monthly_cost`.

It prints the tables of the README's section "What it costs". They are computed from the
prices and the usage in prices.toml, and were not compared with a bill.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from blocks.alerts import automations
from blocks.block_documents import BlockDocument

PRICES = Path(__file__).parent / "prices.toml"
DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"

ControlPlane = Literal["cloud", "machine", "ecs", "ecs_internal"]
Worker = Literal["fargate", "machine"]
Nat = Literal["gateway", "instance", "machine"]
Architecture = Literal["x86", "arm"]
Usd = dict[str, float]


class Choice(NamedTuple):
    """A platform, by what one chooses. The machine is the EC2 machine of the server."""

    control_plane: ControlPlane
    worker: Worker
    nat: Nat
    architecture: Architecture
    """Processor of the worker and of the runs, so of the image and of what else runs it."""


PLATFORMS = {
    "Prefect Cloud": Choice("cloud", "fargate", "instance", "arm"),
    "EC2 machine": Choice("machine", "machine", "instance", "arm"),
    "EC2 machine, also NAT": Choice("machine", "machine", "machine", "arm"),
    "ECS, internal": Choice("ecs_internal", "fargate", "instance", "arm"),
    "ECS, public": Choice("ecs", "fargate", "instance", "arm"),
}
"""Platforms of the table of parts: the cheapest of each control plane."""
ROWS: dict[str, tuple[ControlPlane, Worker]] = {
    "Prefect Cloud without its own price, worker on Fargate": ("cloud", "fargate"),
    "EC2 machine, with the worker on it": ("machine", "machine"),
    "EC2 machine, worker on Fargate": ("machine", "fargate"),
    "ECS and RDS, internal load balancer": ("ecs_internal", "fargate"),
    "ECS and RDS, public load balancer": ("ecs", "fargate"),
}
COLUMNS: dict[str, tuple[Nat, Architecture]] = {
    "NAT gateway, x86": ("gateway", "x86"),
    "NAT gateway, ARM": ("gateway", "arm"),
    "NAT instance, x86": ("instance", "x86"),
    "NAT instance, ARM": ("instance", "arm"),
    "EC2 machine as NAT, x86": ("machine", "x86"),
    "EC2 machine as NAT, ARM": ("machine", "arm"),
}
ARCHITECTURES: dict[Architecture, str] = {"x86": "x86", "arm": "ARM"}
PLANS = ("hobby", "starter", "team")
RUN_SIZES = [(0.25, 0.5), (0.5, 1), (1, 2), (2, 4), (4, 8)]  # vCPU and GB
RUN_SECONDS = {"1 minute": 60, "5 minutes": 300, "1 hour": 3600}


def settings() -> dict[str, Any]:
    """Return the content of prices.toml, each price without its source and date."""
    content = tomllib.loads(PRICES.read_text())
    usd = {name: each["price"] for name, each in content["usd"].items()}
    return content | {"usd": usd}


def fargate_hour(usd: Usd, vcpu: float, gb: float, architecture: Architecture) -> float:
    """Return an hour's cost of a task in US dollars."""
    vcpu_hour = usd[f"fargate_{architecture}_vcpu_hour"]
    return vcpu * vcpu_hour + gb * usd[f"fargate_{architecture}_gb_hour"]


def run_cost(
    usd: Usd, vcpu: float, gb: float, seconds: float, architecture: Architecture
) -> float:
    """Return a run's cost in US dollars.

    Args:
        usd: Prices in US dollars.
        vcpu: Processors of the run's task.
        gb: Memory of the run's task.
        seconds: Time from the start of the image's download to the run's end.
        architecture: Processor's architecture.
    """
    billed = max(seconds, 60)  # Fargate bills a minute at least.
    return billed / 3600 * fargate_hour(usd, vcpu, gb, architecture)


def runs_cost(usd: Usd, month: dict[str, Any], architecture: Architecture) -> float:
    """Return a month's cost of all runs in US dollars."""
    run = month["run_vcpu"], month["run_gb"], month["seconds_of_a_run"]
    days = month["hours"] / 24
    return month["runs_a_day"] * days * run_cost(usd, *run, architecture)


def number(of: dict[str, Any], choice: Choice) -> float:
    """Return how many of a thing a platform has: always, and by each choice."""
    by_choice = (
        of.get(kind, {}).get(chosen, 0) for kind, chosen in choice._asdict().items()
    )
    return float(of["platform"] + sum(by_choice))


def costs(given: dict[str, Any], choice: Choice) -> dict[str, float]:
    """Return the monthly cost of each part in US dollars.

    Args:
        given: Prices and usage, as `settings` returns them.
        choice: Platform.
    """
    usd, month = given["usd"], given["month"]
    hours, arch = month["hours"], choice.architecture
    has = {name: number(of, choice) for name, of in given["number"].items()}
    on_machine = choice.control_plane == "machine"
    on_ecs = choice.control_plane in ("ecs", "ecs_internal")
    worker = fargate_hour(usd, month["worker_vcpu"], month["worker_gb"], arch)
    server = fargate_hour(usd, month["server_vcpu"], month["server_gb"], arch)
    # A machine without the worker only copies files out of the image.
    of_x86 = choice.worker == "machine" and arch == "x86"
    machine_hour = usd["t3a_small_hour" if of_x86 else "t4g_small_hour"]
    nats = {
        "gateway": hours * usd["nat_gateway_hour"]
        + month["gb_through_nat"] * usd["nat_gateway_gb"],
        "instance": hours * usd["t4g_nano_hour"]
        + month["nat_disk_gb"] * usd["disk_gb_month"],
        "machine": 0.0,
    }
    machine = month["machine_disk_gb"] * usd["disk_gb_month"]
    balancer = month["load_balancer_units"] * usd["load_balancer_unit_hour"]
    database = month["database_gb"] * usd["database_gb_month"]
    logs = usd["log_gb"] + month["months_of_logs"] * usd["log_gb_month"]
    return {
        "Worker": hours * worker * (choice.worker == "fargate"),
        f"Runs, {month['runs_a_day']} a day": runs_cost(usd, month, arch),
        "NAT": nats[choice.nat],
        "Public addresses": hours
        * has["public_addresses"]
        * usd["public_address_hour"],
        "Prefect server": (hours * machine_hour + machine) * on_machine
        + (hours * server + month["gb_on_efs"] * usd["efs_gb_month"]) * on_ecs,
        "Load balancer": hours * (usd["load_balancer_hour"] + balancer) * on_ecs,
        "Database": (hours * usd["database_hour"] + database) * on_ecs,
        "Dumps of the database": has["gb_of_dumps"] * usd["s3_gb_month"],
        "Host name": has["host_zones"] * usd["host_zone_month"],
        "Logs": has["gb_of_logs"] * logs,
        "Alarms and metrics": has["alarms"] * usd["alarm_month"]
        + has["metrics"] * usd["metric_month"],
        "Secrets": has["secrets"] * usd["secret_month"],
        "Images": (month["gb_of_images"] + month["gb_of_build_layers"])
        * usd["image_gb_month"],
        "Queue of the tasks' events": month["million_queue_requests"]
        * usd["million_queue_requests"],
    }


def extras(given: dict[str, Any]) -> dict[str, float]:
    """Return the monthly cost of what no sum includes, in US dollars."""
    usd, month = given["usd"], given["month"]
    processor = month["server_vcpu"] * usd["fargate_arm_vcpu_hour"]
    server = fargate_hour(usd, month["server_vcpu"], month["server_gb"], "arm")
    return {
        "Runs with twice the processor and memory": runs_cost(usd, month, "arm"),
        f"Lake, {month['gb_of_lake']} GB": month["gb_of_lake"] * usd["s3_gb_month"],
        "Database's backups above its disk, each GB": usd["database_backup_gb_month"],
        "Server on ECS with twice the processor": month["hours"] * processor,
        "Several servers: each further one": month["hours"] * server,
        "Several servers: Valkey, at least": month["hours"]
        * month["valkey_gb"]
        * usd["valkey_gb_hour"],
    }


def plan_needed() -> dict[str, str]:
    """Return what this project needs of a plan of Prefect Cloud, by the limit."""
    deployments = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
    pools = [each["work_pool"]["name"] for each in deployments]
    places = (BlockDocument("webhook", name, {}) for name in ("slack", "pagerduty"))
    return {
        "Work pools on your own AWS account": "1",
        "Deployments": str(pools.count("production")),
        "Automations": str(len(list(automations(*places)))),
    }


def tables() -> list[str]:
    """Return the README's tables of costs as Markdown."""
    given = settings()
    usd, plans, needed = given["usd"], given["prefect_cloud"], plan_needed()
    told = f"US dollars a month, {given['region']}, {given['noted']}"
    parts = {name: costs(given, choice) for name, choice in PLATFORMS.items()}
    sums = [f"**{sum(each.values()):.2f}**" for each in parts.values()]
    billed = [(arch, time) for arch in ARCHITECTURES for time in RUN_SECONDS]
    return [
        _table(
            [told, *COLUMNS],
            *[
                [row, *(_sum(given, Choice(*of, *nat)) for nat in COLUMNS.values())]
                for row, of in ROWS.items()
            ],
        ),
        _table(
            [f"{told}, ARM, NAT instance", *parts],
            *[
                [part, *(_money(each[part]) for each in parts.values())]
                for part in parts["ECS, public"]
            ],
            ["**Sum**", *sums],
        ),
        _table(
            ["Not in the sums", "US dollars a month"],
            *[[name, _money(cost)] for name, cost in extras(given).items()],
        ),
        _table(
            ["US cents for one run", *(f"{ARCHITECTURES[a]}, {t}" for a, t in billed)],
            *[
                [f"{vcpu} vCPU, {gb} GB"]
                + [
                    _money(100 * run_cost(usd, vcpu, gb, RUN_SECONDS[time], arch))
                    for arch, time in billed
                ]
                for vcpu, gb in RUN_SIZES
            ],
        ),
        _table(
            ["Prefect Cloud", *(plan.title() for plan in PLANS), "This project"],
            *[
                [limit, *(each[plan] for plan in PLANS), needed.get(limit, "")]
                for limit, each in plans.items()
            ],
        ),
    ]


def _sum(given: dict[str, Any], choice: Choice) -> str:
    """Return a platform's sum, or a dash if it lacks the machine that it needs."""
    needs_machine = "machine" in (choice.worker, choice.nat)
    if needs_machine and choice.control_plane != "machine":
        return "–"
    return f"{sum(costs(given, choice).values()):.2f}"


def _money(cost: float) -> str:
    return f"{cost:.2f}" if cost else ""


def _table(head: list[str], *rows: list[str]) -> str:
    first, *others = (f"| {' | '.join(cells)} |" for cells in (head, *rows))
    return "\n".join([first, "|---" + "|--:" * (len(head) - 1) + "|", *others])


if __name__ == "__main__":
    print("\n\n".join(tables()))
