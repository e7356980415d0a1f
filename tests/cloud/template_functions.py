"""Template functions that moto lacks, or evaluates for another region."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import islice
from typing import Any

from moto.cloudformation import parsing

from tests.cloud.account import REGION


def install() -> None:
    """Add the functions to moto."""
    original = parsing.clean_json

    def clean_json(value: Any, resources: Any) -> Any:
        if isinstance(value, dict):
            if "Fn::Cidr" in value:
                return _subnets(
                    *(clean_json(each, resources) for each in value["Fn::Cidr"])
                )
            if "Fn::GetAZs" in value:
                return [f"{REGION}{zone}" for zone in "abc"]
        return original(value, resources)

    parsing.clean_json = clean_json


def _subnets(block: str, count: Any, bits: Any) -> list[str]:
    """Return `count` blocks of a network, each with `bits` bits for its addresses."""
    subnets = ip_network(block).subnets(new_prefix=32 - int(bits))
    return [str(each) for each in islice(subnets, int(count))]
