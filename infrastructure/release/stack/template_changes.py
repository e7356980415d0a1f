"""Changes of resources as the schemas of their types foretell them, without an account.

cfn-lint has AWS's schemas. It is a development package: a job with AWS keys does not have it.
"""

from __future__ import annotations

import json
import re
from functools import cache, partial
from importlib.resources import files
from typing import Any, Iterator, Mapping

from infrastructure.release.stack import IMAGE_PARAMETER, PlatformStack
from infrastructure.release.stack.resource_changes import (
    FUNCTION,
    THE_NEW,
    VARYING,
    Action,
    PropertyChange,
    Recreates,
    ResourceChange,
    by_name,
    in_order,
    kept_by,
    property_changes,
)
from infrastructure.release.stack.template import resources_of
from utils.reports.differences import differences

# Functions that refer to resources, at the end of a value's path.
REFERENCE = re.compile(r"\.(?:Ref|GetAtt|Sub)(?:\.0)?$")
REFERRED = re.compile(r"(?:^|\$\{)(\w+)\.?([\w.]*)(?:\}|$)")
RECREATING: dict[Recreates, str] = {
    "always": "createOnlyProperties",
    "sometimes": "conditionalCreateOnlyProperties",
}
Resource = Mapping[str, Any]


def template_changes(
    stack: PlatformStack, template: str, image: str = ""
) -> tuple[ResourceChange, ...] | None:
    """Compare the resources of a stack with those of a template.

    Args:
        stack: Current or assumed stack.
        template: Text of the planned template.
        image: Planned image of the worker, for the platform's stack.

    Returns:
        The changes, or None if the schemas are not installed.
    """
    try:
        files("cfnlint.data.schemas")
    except ModuleNotFoundError:
        return None
    planned = {**stack.values_of(template), IMAGE_PARAMETER: image}
    before = resources_of(stack.template, stack.values_of(stack.template))
    after = resources_of(template, planned)
    actions: dict[str, Action] = {}
    while True:
        found = [
            change
            for name in dict.fromkeys((*after, *before))
            if (change := _change(name, before.get(name), after.get(name), actions))
        ]
        now = {each.name: each.action for each in found}
        if now == actions:
            return in_order(found)
        actions = now


def _change(
    name: str,
    before: Resource | None,
    after: Resource | None,
    actions: Mapping[str, Action],
) -> ResourceChange | None:
    """Return a resource's change. None if it stays as it is.

    Args:
        name: Logical name of the resource.
        before: Resource in the current template.
        after: Resource in the planned one.
        actions: What happens to the others, as far as it is known.
    """
    if before is None:
        return ResourceChange(name, after["Type"], "create") if after else None
    kind = before["Type"]
    if after is None:
        alone = "DBClusterIdentifier" not in before.get("Properties", {})
        usual = "Snapshot" if kind == "AWS::RDS::DBInstance" and alone else ""
        kept = kept_by(before.get("DeletionPolicy", usual))
        return ResourceChange(name, kind, "delete", kept=kept)
    recreates = partial(_recreates, kind)
    changed = {each.path: each for each in property_changes(before, after, recreates)}
    sure = {each.recreates for each in changed.values()}
    maybe: set[Recreates] = set()
    if kind != after["Type"]:
        sure.add("always")
    for path, referred in _references(after.get("Properties", {}), actions):
        each = PropertyChange(path, referred, f"{THE_NEW}{referred}", recreates(path))
        changed.setdefault(path, each)
        (sure if actions[referred] == "replace" else maybe).add(each.recreates)
    found = tuple(changed.values())
    if not (sure | maybe) - {"never"}:
        return ResourceChange(name, kind, "update", found) if changed else None
    action: Action = "replace" if "always" in sure else "may replace"
    kept = kept_by(after.get("UpdateReplacePolicy", ""))
    return ResourceChange(name, after["Type"], action, found, kept)


def _references(
    properties: Resource, actions: Mapping[str, Action]
) -> Iterator[tuple[str, str]]:
    """Yield each property that refers to what changes of a resource, and its name."""
    for each in differences({}, by_name(properties)):
        if REFERENCE.search(each.field):
            for name, attribute in REFERRED.findall(each.new):
                action = actions.get(name, "")
                stays = action == "update" and not VARYING.search(attribute)
                if action and not stays:
                    yield FUNCTION.split(each.field, maxsplit=1)[0], name


def _recreates(kind: str, path: str) -> Recreates:
    """Return whether a change of a property, or of a field in it, replaces a resource."""
    for recreates, key in RECREATING.items():
        for pointer in _schema(kind).get(key, ()):
            pairs = zip(pointer.split("/")[2:], path.split("."))
            if all(one in (other, "*") for one, other in pairs):
                return recreates
    return "never"


@cache
def _schema(kind: str) -> dict[str, Any]:
    """Return AWS's schema of a resource type. Empty if there is none."""
    folder = files("cfnlint.data.schemas")
    names = json.loads((folder / "providers" / "us-east-1.json").read_text())
    if kind not in names:
        return {}
    name = names[kind].removesuffix(".json")
    return json.loads((folder / "resources" / f"{name}.json").read_text())
