"""Adapters of this project's resource types to moto's CloudFormation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, ResourceType


class Resource:
    """Resource of a stack, with moto's interface."""

    def __init__(self, api: Api, kind: str, type_: ResourceType, made: Made) -> None:
        self.cf_resource_type = self.type = kind
        self.logical_resource_id = ""
        self.made = made
        self._api, self._type = api, type_

    @property
    def physical_resource_id(self) -> str:
        """Value of Ref."""
        return self.made.id

    def get_cfn_attribute(self, name: str) -> Any:
        """Return the value of GetAtt."""
        if name not in self.made.attributes:
            raise ValueError(f"{self.type} has no attribute {name} here.")
        return self.made.attributes[name]

    def is_created(self) -> bool:
        """Return that creation is complete: here it takes no time."""
        return True

    def remove(self, properties: Properties) -> None:
        """Remove the resource itself."""
        if self._type.remove:
            self._type.remove(self._api, self.made, properties)


SECRET = re.compile(r"\{\{resolve:secretsmanager:(.+):SecretString:(\w+)\}\}")


def resolved(api: Api, value: Any) -> Any:
    """Return properties with the secrets that they name, by a key of each one's JSON."""
    if isinstance(value, dict):
        return {key: resolved(api, each) for key, each in value.items()}
    if isinstance(value, list):
        return [resolved(api, each) for each in value]
    if isinstance(value, str) and (found := SECRET.fullmatch(value)):
        secret = api.call("secretsmanager", "GetSecretValue", SecretId=found[1])
        return json.loads(secret["SecretString"])[found[2]]
    return value


@dataclass(frozen=True)
class StackType:
    """Stand-in for one of moto's classes, with the methods that moto calls."""

    api: Api
    name: str
    type: ResourceType

    def create_from_cloudformation_json(
        self,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> Resource:
        """Make the resource."""
        properties = resolved(self.api, cloudformation_json["Properties"])
        return self._made(resource_name, properties, None)

    def update_from_cloudformation_json(
        self,
        original_resource: Resource,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Resource:
        """Change the resource, or make its replacement."""
        properties = resolved(self.api, cloudformation_json["Properties"])
        if self.type.changes:
            changed = self._made(new_resource_name, properties, original_resource.made)
            original_resource.made = changed.made
            return original_resource
        return self._made(new_resource_name, properties, None)

    def has_cfn_attr(self, name: str) -> bool:
        """Accept every name: `get_cfn_attribute` rejects unknown ones."""
        return True

    def _made(self, name: str, properties: Properties, before: Made | None) -> Resource:
        plain = re.sub(r"[^A-Za-z0-9-]", "-", name)
        made = self.type.make(self.api, plain, properties, before)
        return Resource(self.api, self.name, self.type, made)
