"""Estimate of the platform's monthly cost: `python -m infrastructure.monthly_cost`.

It is computed from the prices and the usage in prices.toml and the schedules and sizes in
prefect.yaml, and was not compared with a bill.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import yaml

PRICES = Path(__file__).parent / "prices.toml"
DEPLOYMENTS = Path(__file__).parents[1] / "prefect.yaml"
NAT_DISK_GB = 8  # The default of Amazon Linux.

Nat = Literal["gateway", "instance"]


def daily_runs() -> list[dict[str, Any]]:
    """Return the job variables of each scheduled run, as if all schedules were daily."""
    return [
        deployment["work_pool"]["job_variables"]
        for deployment in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
        for schedule in deployment.get("schedules", [])
        if schedule["active"]
    ]


def costs(
    settings: dict[str, Any], nat: Nat, runs: list[dict[str, Any]]
) -> dict[str, float]:
    """Return the monthly cost of each part in US dollars.

    Args:
        settings: Prices and usage, the content of prices.toml.
        nat: Kind of the NAT.
        runs: Job variables of each run of a day.
    """
    usd, month = settings["usd"], settings["month"]
    hours = month["hours"]
    hours_of_each_run = hours / 24 * month["minutes_of_a_run"] / 60
    gateway = (
        hours * usd["nat_gateway_hour"]
        + month["gb_through_nat"] * usd["nat_gateway_gb"]
    )
    instance = hours * usd["t4g_nano_hour"] + NAT_DISK_GB * usd["disk_gb_month"]
    logs = usd["log_gb"] + month["months_of_logs"] * usd["log_gb_month"]

    def fargate(vcpu: float, gb: float) -> float:
        return vcpu * usd["fargate_vcpu_hour"] + gb * usd["fargate_gb_hour"]

    return {
        "Worker, always on": hours * fargate(month["worker_vcpu"], month["worker_gb"]),
        f"Runs, {len(runs)} a day": hours_of_each_run
        * sum(fargate(run["cpu"] / 1024, run["memory"] / 1024) for run in runs),
        "NAT": gateway if nat == "gateway" else instance,
        "Outbound address": hours * usd["public_address_hour"],
        "Logs": month["gb_of_logs"] * logs,
        "Alarms": month[f"alarms_with_{nat}"] * usd["alarm_month"]
        + month["metrics"] * usd["metric_month"],
        "Secrets": month["secrets"] * usd["secret_month"],
        "Images": month["gb_of_images"] * usd["image_gb_month"],
        f"Lake, {month['gb_of_lake']} GB": month["gb_of_lake"] * usd["lake_gb_month"],
    }


def table() -> str:
    """Return the README's table of costs as Markdown."""
    settings, runs = tomllib.loads(PRICES.read_text()), daily_runs()
    gateway = costs(settings, "gateway", runs)
    instance = costs(settings, "instance", runs)
    rows = [
        f"| US dollars a month, {settings['region']}, {settings['noted']} "
        "| `NatKind=gateway` | `NatKind=instance` |",
        "|---|--:|--:|",
    ]
    rows += [
        f"| {part} | {gateway[part]:.2f} | {instance[part]:.2f} |" for part in gateway
    ]
    totals = (sum(each.values()) for each in (gateway, instance))
    rows.append("| **Sum** | " + " | ".join(f"**{t:.0f}**" for t in totals) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
