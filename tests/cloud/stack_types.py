"""Registry of the CloudFormation types that this project adds to moto's.

moto silently leaves out types that it does not know, and drops properties of others.
The types here call AWS's API, so that all properties count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from tests.cloud.api import Api

Properties = dict[str, Any]


@dataclass
class Made:
    """Resource of a stack: the values of Ref and GetAtt."""

    id: str
    attributes: dict[str, Any] = field(default_factory=dict)


# Makes a resource, or changes an existing one: (api, name, properties, before).
Make = Callable[[Api, str, Properties, Made | None], Made]
Remove = Callable[[Api, Made, Properties], Any]
TYPES: dict[str, ResourceType] = {}


@dataclass(frozen=True)
class ResourceType:
    """Functions that make, change and remove resources of a type."""

    make: Make
    remove: Remove | None = None
    changes: bool = True
    """Whether a change is made in place, or by a replacement."""


def resource_type(
    *names: str, remove: Remove | None = None, changes: bool = True
) -> Callable[[Make], Make]:
    """Register a function that makes resources of these types."""

    def register(make: Make) -> Make:
        TYPES.update({name: ResourceType(make, remove, changes) for name in names})
        return make

    return register


# Types that are accepted but make nothing, with the reason.
HOLLOW = {
    "AWS::S3::BucketPolicy": "moto applies it but ignores its conditions: a denial of"
    " unencrypted connections denies everything",
    "AWS::CloudFormation::WaitConditionHandle": "stands for a type without properties",
}


def _hollow(_: Api, name: str, __: Properties, ___: Made | None) -> Made:
    return Made(name)


for _name in HOLLOW:
    TYPES[_name] = ResourceType(_hollow)
