"""AWS's own schemas of CloudFormation's resource types, which come with cfn-lint."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

READS = ("Describe", "Get", "List")
# In the schemas for what a resource may belong to, and does not here.
OTHER_SERVICES = ("firehose:", "lambda:", "s3:", "vpc-lattice:")
OF_OTHERS = {"iam:GetGroupPolicy", "iam:GetUserPolicy"}


@cache
def schema(kind: str) -> dict[str, Any]:
    """Return the schema of a type."""
    folder = files("cfnlint.data.schemas")
    names = json.loads((folder / "providers" / "us-east-1.json").read_text())
    name = names[kind].removesuffix(".json")
    return json.loads((folder / "resources" / f"{name}.json").read_text())


@cache
def reads_of(kind: str, handler: str) -> tuple[str, ...]:
    """Return the actions by which a type's handler, such as `create`, may read."""
    handlers = schema(kind).get("handlers", {})
    actions = {
        action
        for name in (handler, "read")
        for action in handlers.get(name, {}).get("permissions", [])
        if action.partition(":")[2].startswith(READS)
    }
    return tuple(
        each
        for each in sorted(actions - OF_OTHERS)
        if not each.startswith(OTHER_SERVICES)
    )


@cache
def taggable(kind: str) -> bool:
    """Return whether resources of a type have tags."""
    return bool(schema(kind).get("tagging", {}).get("taggable"))


@cache
def system_tags(kind: str) -> bool:
    """Return whether CloudFormation gives resources of a type tags of its own."""
    return bool(schema(kind).get("tagging", {}).get("cloudFormationSystemTags"))
