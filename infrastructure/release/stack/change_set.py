"""Reads what CloudFormation would do to each resource from one of its change sets."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, Iterable

from infrastructure.release.stack.resource_changes import (
    KNOWN_LATER,
    VARYING,
    Action,
    PropertyChange,
    Recreates,
    ResourceChange,
    in_order,
    kept_by,
    property_changes,
)

ACTIONS: dict[str, Action] = {"Add": "create", "Import": "create", "Remove": "delete"}
RECREATES: dict[str, Recreates] = {
    "Always": "always",
    "Conditionally": "sometimes",
    "Never": "never",
}
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
TOO_LONG = "(Truncated-Signature)"


def read_changes(changes: Iterable[dict[str, Any]]) -> tuple[ResourceChange, ...]:
    """Return the changes of resources in a change set.

    CloudFormation also lists what refers to a changed resource, even if the name or id that
    it refers to stays. Such references are left out.

    Args:
        changes: `Changes` of a change set, described with the properties' values.
    """
    listed = [each["ResourceChange"] for each in changes if "ResourceChange" in each]
    moved = {each["LogicalResourceId"] for each in listed}
    while True:
        found = [change for each in listed if (change := _read(each, moved))]
        left = {each.name for each in found if each.action != "update"}
        if left == moved:
            return in_order(found)
        moved = left


def _read(listed: dict[str, Any], moved: set[str]) -> ResourceChange | None:
    """Read a resource's change. None if all that it refers to stays."""
    recreates: dict[str, Recreates] = {}
    stays: set[str] = set()
    by_property: dict[str, list[dict[str, Any]]] = {}
    for each in listed.get("Details", []):
        name = each["Target"].get("Name") or each["Target"]["Attribute"]
        by_property.setdefault(name, []).append(each)
    for name, details in by_property.items():
        asked = {each["Target"].get("RequiresRecreation") for each in details}
        recreates[name] = next((RECREATES[r] for r in RECREATES if r in asked), "never")
        if _refers_to_the_same(details, moved):
            stays.add(name)
    before, after = _context(listed, "BeforeContext"), _context(listed, "AfterContext")
    properties = [
        replace(each, old=_readable(each.old), new=_readable(each.new))
        for each in property_changes(
            before, after, lambda path: recreates.get(path.partition(".")[0], "never")
        )
        if each.path.partition(".")[0] not in stays
    ]
    if not before or not after:  # too long
        named = recreates.items()
        properties = [PropertyChange(k, "", "", v) for k, v in named if k not in stays]
    action = _action(listed, {recreates[name] for name in recreates.keys() - stays})
    if action == "update" and recreates and not properties:
        return None
    policy = listed.get("PolicyAction", "")
    if action == "may replace":  # AWS names an action only if it is sure
        policy = policy or after.get("UpdateReplacePolicy", "")
    return ResourceChange(
        listed["LogicalResourceId"],
        listed["ResourceType"],
        action,
        () if action in ("create", "delete") else tuple(properties),
        kept_by(policy),
    )


def _context(listed: dict[str, Any], name: str) -> dict[str, Any]:
    with suppress(KeyError, ValueError):
        found: dict[str, Any] = json.loads(listed[name])
        return found
    return {}


def _action(listed: dict[str, Any], recreates: set[Recreates]) -> Action:
    if listed["Action"] in ACTIONS:
        return ACTIONS[listed["Action"]]
    replacement = listed.get("Replacement")
    if replacement == "True":
        return "replace"
    in_place = replacement == "False" or recreates <= {"never"}
    return "update" if in_place and listed["Action"] == "Modify" else "may replace"


def _refers_to_the_same(details: list[dict[str, Any]], moved: set[str]) -> bool:
    """Return whether a property only refers to resources that keep their identity."""
    causes = [each["CausingEntity"] for each in details if each.get("CausingEntity")]
    return (
        bool(causes)
        and all(each["Evaluation"] == "Dynamic" for each in details)
        and not any(
            name in moved or VARYING.search(attribute)
            for name, _, attribute in (each.partition(".") for each in causes)
        )
    )


def _readable(value: str) -> str:
    if value.startswith(TOO_LONG):
        return "(too long to show)"
    return value.replace(UNKNOWN, KNOWN_LATER)
