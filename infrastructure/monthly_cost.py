"""What the platform costs a month: `python -m infrastructure.monthly_cost`.

Computed from the prices and the usage in prices.toml, not measured against a bill.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

PRICES = Path(__file__).parent / "prices.toml"
NAT_DISK_GB = 8  # Amazon Linux's


def costs(given: dict[str, Any], nat: str) -> dict[str, float]:
    """US dollars for each part, with a NAT gateway or a NAT instance."""
    usd, month = given["usd"], given["month"]
    hours = month["hours"]
    fargate_vcpu, fargate_gb = usd["fargate_vcpu_hour"], usd["fargate_gb_hour"]
    gateway = (
        hours * usd["nat_gateway_hour"]
        + month["gb_through_nat"] * usd["nat_gateway_gb"]
    )
    instance = hours * usd["t4g_nano_hour"] + NAT_DISK_GB * usd["disk_gb_month"]
    logs = usd["log_gb"] + month["months_of_logs"] * usd["log_gb_month"]
    return {
        "Worker, always on": hours
        * (month["worker_vcpu"] * fargate_vcpu + month["worker_gb"] * fargate_gb),
        f"Runs, {month['run_hours']} hours": month["run_hours"]
        * (month["run_vcpu"] * fargate_vcpu + month["run_gb"] * fargate_gb),
        "NAT": gateway if nat == "gateway" else instance,
        "Outbound address": hours * usd["public_address_hour"],
        "Logs": month["gb_of_logs"] * logs,
        "Alarms": month["alarms"] * usd["alarm_month"],
        "Secrets": month["secrets"] * usd["secret_month"],
        "Images": month["gb_of_images"] * usd["image_gb_month"],
        f"Lake, {month['gb_of_lake']} GB": month["gb_of_lake"] * usd["lake_gb_month"],
    }


def table() -> str:
    """The table of the README, as Markdown."""
    given = tomllib.loads(PRICES.read_text())
    gateway, instance = costs(given, "gateway"), costs(given, "instance")
    rows = [
        f"| US dollars a month, {given['region']}, {given['noted']} "
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
