"""Adapters of this project's resource types to moto's CloudFormation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.cloud.api import Api
from tests.cloud.recreation import recreated
from tests.cloud.stack_reads import read
from tests.cloud.stack_tags import tag, without_tags
from tests.cloud.stack_types import Made, Properties, ResourceType
from tests.cloud.switches import SWITCHES


class Resource:
    """Resource of a stack, with moto's interface.

    Attributes:
        made: Values of Ref and GetAtt.
        properties: Template's properties with which it was made or last changed.
        unfinished: Whether a change failed, which may have been made in part.
    """

    def __init__(self, kind: StackType, made: Made, properties: Properties) -> None:
        self.cf_resource_type = self.type = kind.name
        self.logical_resource_id = ""
        self.made, self.properties = made, properties
        self.unfinished = False
        self._kind = kind

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

    def remove(self) -> None:
        """Remove the resource itself."""
        if SWITCHES.reads:
            read(self._kind.api, self.type, self.made, "delete")
        self._kind.unmake(self.made, self.properties)


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
        properties = cloudformation_json["Properties"]
        made = self._made(resource_name, properties, None)
        return Resource(self, made, properties)

    def update_from_cloudformation_json(
        self,
        original_resource: Resource,
        new_resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Resource:
        """Change the resource, or make its replacement."""
        properties = cloudformation_json["Properties"]
        before = original_resource.properties
        if not self.type.changes or recreated(self.name, before, properties):
            made = self._made(new_resource_name, properties, None)
            return Resource(self, made, properties)
        changed = original_resource
        changed.unfinished = True
        changed.made = self._made(new_resource_name, properties, changed.made)
        changed.properties, changed.unfinished = properties, False
        return changed

    def has_cfn_attr(self, name: str) -> bool:
        """Accept every name: `get_cfn_attribute` rejects unknown ones."""
        return True

    def unmake(self, made: Made, properties: Properties) -> None:
        """Remove a resource, if resources of this type are removed."""
        if self.type.remove:
            self.type.remove(self.api, made, properties)

    def _made(self, name: str, properties: Properties, before: Made | None) -> Made:
        """Make or change a resource, and tag and read it if AWS does so."""
        plain = re.sub(r"[^A-Za-z0-9-]", "-", name)
        properties = resolved(self.api, properties)
        late = SWITCHES.late(self.name)
        if late:
            given = without_tags(self.name, properties)
            with self.api.without_tags():
                made = self.type.make(self.api, plain, given, before)
        else:
            made = self.type.make(self.api, plain, properties, before)
        try:
            if late:
                tag(self.api, self.name, made, properties)
            if SWITCHES.reads:
                read(self.api, self.name, made, "update" if before else "create")
        except Exception:
            if not before:
                self.unmake(made, properties)
            raise
        return made
