"""Template functions that moto lacks, or evaluates otherwise."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import islice
from typing import Any

from moto.cloudformation import parsing

from tests.cloud.account import REGION
from tests.cloud.switches import SWITCHES


def install() -> None:
    """Add the functions to moto."""
    original = parsing.clean_json

    def clean_json(value: Any, resources: Any) -> Any:
        if isinstance(value, dict):
            if "Fn::Cidr" in value:
                return _subnets(
                    *(clean_json(each, resources) for each in value["Fn::Cidr"])
                )
            if "Fn::GetAtt" in value:  # moto splits `Endpoint.Address`
                name, *attribute = value["Fn::GetAtt"]
                value = {"Fn::GetAtt": [name, ".".join(attribute)]}
            if "Fn::GetAZs" in value:
                zones = "dab" if SWITCHES.zones else "abc"
                return [f"{REGION}{zone}" for zone in zones]
        if isinstance(value, list):  # moto leaves a None for AWS::NoValue
            cleaned = [clean_json(each, resources) for each in value]
            return [each for each in cleaned if each is not None]
        return original(value, resources)

    parsing.clean_json = clean_json
    output_map: Any = parsing.OutputMap
    output_map.outputs = property(lambda self: _wanted(self).keys())
    output_map.exports = property(_exports)


def _wanted(self: Any) -> dict[str, Any]:
    """Return the outputs whose condition holds."""
    holds = self._resource_map.lazy_condition_map
    return {
        name: each
        for name, each in (self._output_json_map or {}).items()
        if "Condition" not in each or holds[each["Condition"]]
    }


def _exports(self: Any) -> list[parsing.Export]:
    """Return the exports of those outputs, as moto makes them of all."""
    return [
        parsing.Export(
            self._stack_id,
            parsing.clean_json(each["Export"]["Name"], self._resource_map),
            parsing.clean_json(each["Value"], self._resource_map),
        )
        for each in _wanted(self).values()
        if "Export" in each
    ]


def _subnets(block: str, count: Any, bits: Any) -> list[str]:
    """Return `count` blocks of a network, each with `bits` bits for its addresses."""
    subnets = ip_network(block).subnets(new_prefix=32 - int(bits))
    return [str(each) for each in islice(subnets, int(count))]
