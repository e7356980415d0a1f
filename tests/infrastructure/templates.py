"""The templates of `infrastructure`, read as data: what moto drops is looked for here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

from infrastructure.release.stack.template import read_template
from tests.repository.tree import ROOT

INFRASTRUCTURE = ROOT / "infrastructure"
# Each stack's template by the stack's name in the README.
TEMPLATES = {
    "data-platform-deploy": INFRASTRUCTURE / "github_deploy.yml",
    "data-platform-foundation": INFRASTRUCTURE / "foundation.yml",
    "data-platform-lake": INFRASTRUCTURE / "data_lake.yml",
    "data-platform": INFRASTRUCTURE / "ecs_cluster_prefect_worker.yml",
}
# The kinds of a server of one's own, of which a platform has one or none.
SERVER_STACK = "data-platform-server"
SERVERS = {
    "ecs": INFRASTRUCTURE / "prefect_server_ecs.yml",
    "ec2": INFRASTRUCTURE / "prefect_server_ec2.yml",
}
EVERY_TEMPLATE = [*TEMPLATES.values(), *SERVERS.values()]


def read(path: Path) -> dict[str, Any]:
    """Read a template."""
    return read_template(path.read_text())


def properties(path: Path, name: str) -> dict[str, Any]:
    """Return a resource's properties."""
    return read(path)["Resources"][name]["Properties"]


def of_type(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of a type's resources, by name."""
    return {
        name: each.get("Properties", {})
        for name, each in read(path)["Resources"].items()
        if each["Type"] == kind
    }


def policies(path: Path, role: str) -> list[dict[str, Any]]:
    """Return a role's policies: its own, then those that are resources of their own."""
    shared = of_type(path, "AWS::IAM::Policy").values()
    own = properties(path, role).get("Policies", [])
    return own + [each for each in shared if {"Ref": role} in each["Roles"]]


def statements(path: Path, name: str) -> list[dict[str, Any]]:
    """Return the statements in the policies of a role, or of a managed policy."""
    return [
        # one that depends on a parameter counts
        statement["If"][1] if "If" in statement else statement
        for policy in policies(path, name) or [properties(path, name)]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def imported(name: str, platform: str = "PlatformStackName") -> dict[str, Any]:
    """Return how a template takes an output of the foundation.

    Args:
        name: The output.
        platform: Parameter that is the platform's name.
    """
    return {"Fn::ImportValue": {"Sub": f"${{{platform}}}-foundation-{name}"}}


def listed(value: Any) -> list[Any]:
    """Return a list of one or several values, as IAM takes both."""
    return value if isinstance(value, list) else [value]


def rights(path: Path, name: str) -> Iterator[tuple[str, str, Any]]:
    """Return each allowed action with each of its resources, and the condition."""
    for statement in statements(path, name):
        if statement["Effect"] == "Deny":
            continue
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, text(resource), statement.get("Condition")


def text(value: Any) -> str:
    """Return a template's value in one line: `${Name.Arn}` for a reference, as in !Sub."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"GetAtt": name}:
            return f"${{{name}}}"
        case {"Sub": [str(pattern), _]} | {"Sub": str(pattern)}:
            return pattern
        case str():
            return value
    return json.dumps(value)
