"""Types of CloudFormation that this project adds to moto's, and how one is written.

moto knows some types not at all and silently leaves them out, and of others drops
properties. The types here are made by calls of AWS's API, so that all properties count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from tests.cloud.api import Api

Properties = dict[str, Any]


@dataclass
class Made:
    """A resource of a stack: what Ref and GetAtt give."""

    id: str
    attributes: dict[str, Any] = field(default_factory=dict)


# Makes a resource, or changes the one made before: (api, name, properties, before).
Make = Callable[[Api, str, Properties, Made | None], Made]
Remove = Callable[[Api, Made, Properties], Any]
TYPES: dict[str, ResourceType] = {}


@dataclass(frozen=True)
class ResourceType:
    """How resources of a type are made, changed and removed."""

    make: Make
    remove: Remove | None = None
    changes: bool = True
    """Whether a change is made in place, or by a new resource in place of the old."""


def resource_type(
    *names: str, remove: Remove | None = None, changes: bool = True
) -> Callable[[Make], Make]:
    """Register a function as what makes resources of these types."""

    def register(make: Make) -> Make:
        TYPES.update({name: ResourceType(make, remove, changes) for name in names})
        return make

    return register


# Accepted, but with nothing behind them, each for a reason.
HOLLOW = {
    "AWS::S3::BucketPolicy": "moto applies it but ignores its conditions: a denial of"
    " unencrypted connections denies everything",
    "AWS::CloudFormation::WaitConditionHandle": "stands for a type without properties",
}


def _hollow(_: Api, name: str, __: Properties, ___: Made | None) -> Made:
    return Made(name)


for _name in HOLLOW:
    TYPES[_name] = ResourceType(_hollow)
